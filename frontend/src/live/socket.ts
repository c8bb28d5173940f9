// The one WebSocket: topics subscribed by name, resumed after a cut, slower when hidden.
//
// Lossless topics resume behind the last sequence seen; conflated ones begin with a snapshot.
// What arrives twice is dropped here.

export interface Conflated {
  topic: string;
  kind: "snapshot" | "update";
  s: number;
  t: number;
  n: number;
  data: Record<string, unknown>;
}
export interface Lossless {
  topic: string;
  kind: "events";
  s: number;
  /** The first answer since the topic was asked for: what was before it must be loaded. */
  isFirst?: boolean;
  events: { s: number; t: number; data: Record<string, unknown> }[];
}
export interface Gap {
  topic: string;
  kind: "gap";
  s: number;
}
export interface Denied {
  topic: string;
  kind: "denied";
  rule: string;
}
export type TopicMessage = Conflated | Lossless | Gap | Denied;
type Listener = (message: TopicMessage) => void;

export interface LinkState {
  status: "idle" | "connecting" | "open" | "cut";
  /** When the link was lost, by this page's clock, in ms; 0 while there is one. */
  cutAt: number;
  attempt: number;
}

/** What a browser's WebSocket is to us, so that tests can bring their own. */
export interface Wire {
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}
export type Dial = (token: string) => Wire;

const FAST_HZ = 30;
const HIDDEN_HZ = 4;
const PING_MS = 4000;
const SILENCE_MS = 10_000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];

interface Entry {
  listeners: Set<Listener>;
  /** Of a lossless topic: behind which sequence to resume. */
  last: number | null;
  /** Of a conflated topic: the sequence that what is shown stands at; null asks a snapshot. */
  told: number | null;
}

export class LiveSocket {
  readonly topics = new Map<string, Entry>();
  state: LinkState = { status: "idle", cutAt: 0, attempt: 0 };
  private wire: Wire | undefined;
  private heardAt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private hidden = false;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly dial: Dial,
    private readonly token: () => Promise<string>,
  ) {}

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  subscribe(topic: string, listener: Listener): () => void {
    let entry = this.topics.get(topic);
    if (!entry) {
      entry = { listeners: new Set(), last: null, told: null };
      this.topics.set(topic, entry);
      if (this.state.status === "open") this.ask(topic);
    }
    const known = entry;
    known.listeners.add(listener);
    return () => {
      known.listeners.delete(listener);
      if (known.listeners.size > 0 || this.topics.get(topic) !== known) return;
      this.topics.delete(topic);
      if (this.state.status === "open") this.tell({ op: "unsubscribe", topic });
    };
  }

  start(): void {
    if (this.state.status === "idle") void this.connect();
  }

  stop(): void {
    clearTimeout(this.retry);
    clearInterval(this.beat);
    this.drop();
    this.become({ status: "idle", cutAt: 0, attempt: 0 });
  }

  /** Try again now: the network is back, or the user says so. */
  nudge(): void {
    if (this.state.status !== "cut") return;
    clearTimeout(this.retry);
    void this.connect();
  }

  setHidden(hidden: boolean): void {
    this.hidden = hidden;
    if (this.state.status === "open") this.tell({ op: "rate", hz: hidden ? HIDDEN_HZ : FAST_HZ });
  }

  private async connect(): Promise<void> {
    const { cutAt, attempt } = this.state;
    this.become({ status: "connecting", cutAt, attempt });
    const token = await this.token();
    if (this.state.status !== "connecting") return;
    const wire = this.dial(token);
    this.wire = wire;
    wire.onopen = () => {
      this.opened();
    };
    wire.onmessage = (event) => {
      this.heard(String(event.data));
    };
    wire.onclose = () => {
      if (this.wire === wire) this.lost();
    };
  }

  private opened(): void {
    this.heardAt = Date.now();
    const isBack = this.state.cutAt > 0;
    this.become({ status: "open", cutAt: 0, attempt: 0 });
    if (this.hidden) this.tell({ op: "rate", hz: HIDDEN_HZ });
    for (const [topic, entry] of this.topics) {
      entry.told = null;
      this.ask(topic);
      // Where nothing was seen yet there is no place to resume from: what was missed is loaded.
      if (isBack && entry.last === null) this.pass({ topic, kind: "gap", s: 0 });
    }
    clearInterval(this.beat);
    this.beat = setInterval(() => {
      // A cable that is pulled closes nothing: silence is the only sign.
      if (Date.now() - this.heardAt > SILENCE_MS) this.lost();
      else this.tell({ op: "ping", id: Date.now() });
    }, PING_MS);
  }

  private lost(): void {
    clearInterval(this.beat);
    this.drop();
    const { attempt, cutAt } = this.state;
    this.become({ status: "cut", cutAt: cutAt || Date.now(), attempt: attempt + 1 });
    const wait = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    this.retry = setTimeout(() => void this.connect(), wait);
  }

  private drop(): void {
    const wire = this.wire;
    this.wire = undefined;
    if (!wire) return;
    wire.onopen = wire.onclose = wire.onmessage = null;
    wire.close();
  }

  private ask(topic: string): void {
    const last = this.topics.get(topic)?.last ?? null;
    this.tell(last === null ? { op: "subscribe", topic } : { op: "subscribe", topic, from: last });
  }

  private tell(message: object): void {
    this.wire?.send(JSON.stringify(message));
  }

  private heard(text: string): void {
    this.heardAt = Date.now();
    const message = JSON.parse(text) as TopicMessage | { op: string };
    if ("op" in message) return;
    const entry = this.topics.get(message.topic);
    if (!entry) return;
    let passed: TopicMessage = message;
    // The sequences may be those of another log: begin anew with what comes.
    if (message.kind === "gap") entry.last = null;
    if (message.kind === "snapshot") entry.told = message.s;
    if (message.kind === "update") {
      if (entry.told === null) return;
      if (message.s - message.n !== entry.told) {
        // Something in between was lost: what is shown is wrong until a new snapshot.
        entry.told = null;
        this.tell({ op: "unsubscribe", topic: message.topic });
        this.tell({ op: "subscribe", topic: message.topic });
        return;
      }
      entry.told = message.s;
    }
    if (message.kind === "events") {
      const last = entry.last;
      const fresh = last === null ? message.events : message.events.filter((one) => one.s > last);
      entry.last = Math.max(last ?? message.s, message.s);
      const isFirst = last === null;
      if (fresh.length === 0 && !isFirst) return;
      passed = { ...message, events: fresh, isFirst };
    }
    this.pass(passed);
  }

  private pass(message: TopicMessage): void {
    for (const listener of this.topics.get(message.topic)?.listeners ?? []) listener(message);
  }

  private become(state: LinkState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

/** Return a dialler of the platform's stream at this origin. */
export function dialOrigin(): Dial {
  const url = `${window.location.origin.replace(/^http/, "ws")}/api/stream`;
  return (token) => {
    const socket = new WebSocket(url, token ? ["trade2026", `bearer.${token}`] : ["trade2026"]);
    return socket as unknown as Wire;
  };
}
