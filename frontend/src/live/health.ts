// How the components are, as the edge tells it once a second.
import { Feed } from "./feed";
import type { LiveSocket } from "./socket";

export interface ComponentHealth {
  state: string;
  version: string | null;
  uptime_s: number | null;
  lag: number | null;
  detail: string;
}

interface Found {
  component: string;
  state: string;
  address: string;
  group: string;
  detail: string;
  pid: number | null;
  restarts: number;
}

export class HealthFeed extends Feed {
  readonly components = new Map<string, ComponentHealth>();
  /** The order, address and process of each, from the map of the front door. */
  readonly places = new Map<string, Found>();
  problem = "";

  follow(socket: LiveSocket): () => void {
    const off = socket.subscribe("health", (message) => {
      if (message.kind !== "snapshot" && message.kind !== "update") return;
      for (const [name, found] of Object.entries(message.data)) {
        const before = this.components.get(name);
        this.components.set(name, { ...before, ...(found as ComponentHealth) });
      }
      this.changed();
    });
    void this.load();
    const timer = setInterval(() => void this.load(), 5000);
    return () => {
      off();
      clearInterval(timer);
    };
  }

  async load(): Promise<void> {
    try {
      const reply = await fetch("/api/health");
      const map = (await reply.json()) as { version: string; components: Found[] };
      for (const found of map.components) {
        this.places.set(found.component, found);
        const known = this.components.get(found.component);
        this.components.set(found.component, {
          version: null,
          uptime_s: null,
          lag: null,
          ...known,
          state: found.state,
          detail: found.detail,
        });
      }
      this.problem = "";
      this.changed();
    } catch {
      this.problem = "the edge does not answer";
      this.tell();
    }
  }
}
