import { beforeEach, describe, expect, it, vi } from "vitest";
import { BookFeed, TradeFeed } from "./market";
import { LiveSocket, type TopicMessage, type Wire } from "./socket";

beforeEach(() => {
  vi.useRealTimers();
});

const conflated = (kind: "snapshot" | "update", data: Record<string, unknown>): TopicMessage => ({
  topic: "book:X",
  kind,
  s: 1,
  t: 0,
  n: 1,
  data,
});

describe("the book", () => {
  it("takes absolute levels and drops those of nothing", () => {
    const book = new BookFeed();
    book.take(conflated("snapshot", { bids: { "9": 1, "10": 2 }, asks: { "11": 3 } }));
    book.take(conflated("update", { bids: { "10": 0, "9.5": 4 }, asks: { "11": 5 } }));
    expect(book.levels()).toMatchObject({
      bids: [
        { price: 9.5, quantity: 4 },
        { price: 9, quantity: 1 },
      ],
      asks: [{ price: 11, quantity: 5 }],
    });
  });

  it("forgets everything with a new snapshot", () => {
    const book = new BookFeed();
    book.take(conflated("snapshot", { bids: { "9": 1 }, asks: {} }));
    book.take(conflated("snapshot", { bids: { "8": 1 }, asks: {} }));
    expect(book.levels().bids.map((level) => level.price)).toEqual([8]);
  });
});

describe("the tape", () => {
  it("shows a trade once, whichever way it came", () => {
    const tape = new TradeFeed();
    const trade = (id: string) => ({
      price: 1,
      quantity: 1,
      side: "BUY",
      trade_id: id,
      ts_event_ns: 1,
    });
    tape.add([trade("3"), trade("4")]);
    tape.backfill([trade("4"), trade("3"), trade("2"), trade("1")]);
    tape.add([trade("4"), trade("5")]);
    expect(tape.trades.map((one) => one.trade_id)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("puts what was missed where it belongs", () => {
    const tape = new TradeFeed();
    const trade = (id: string, at: number) => ({
      price: 1,
      quantity: 1,
      side: "BUY",
      trade_id: id,
      ts_event_ns: at,
    });
    tape.add([trade("1", 10), trade("4", 40)]);
    tape.backfill([trade("4", 40), trade("3", 30), trade("2", 20)]);
    expect(tape.trades.map((one) => one.trade_id)).toEqual(["1", "2", "3", "4"]);
  });
});

class FakeWire implements Wire {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.onclose?.();
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

async function linked() {
  vi.useFakeTimers();
  const wires: FakeWire[] = [];
  const socket = new LiveSocket(
    () => {
      const wire = new FakeWire();
      wires.push(wire);
      return wire;
    },
    () => Promise.resolve("token"),
  );
  socket.start();
  await vi.advanceTimersByTimeAsync(0);
  return { socket, wires };
}

const event = (s: number) => ({ s, t: 0, data: { id: s } });

describe("the link", () => {
  it("resumes lossless topics behind the last sequence, and passes nothing twice", async () => {
    const { socket, wires } = await linked();
    const seen: number[] = [];
    socket.subscribe("orders:default", (message) => {
      if (message.kind === "events") seen.push(...message.events.map((one) => one.s));
    });
    wires[0]?.onopen?.();
    wires[0]?.say({ topic: "orders:default", kind: "events", s: 7, events: [event(6), event(7)] });
    wires[0]?.onclose?.();
    await vi.advanceTimersByTimeAsync(300);
    wires[1]?.onopen?.();
    wires[1]?.say({ topic: "orders:default", kind: "events", s: 8, events: [event(7), event(8)] });

    expect(wires[0]?.sent).toContainEqual({ op: "subscribe", topic: "orders:default" });
    expect(wires[1]?.sent).toContainEqual({ op: "subscribe", topic: "orders:default", from: 7 });
    expect(seen).toEqual([6, 7, 8]);
    socket.stop();
  });

  it("begins anew after a gap, whatever the sequences are by then", async () => {
    const { socket, wires } = await linked();
    const seen: number[] = [];
    socket.subscribe("fills:default", (message) => {
      if (message.kind === "events") seen.push(...message.events.map((one) => one.s));
    });
    wires[0]?.onopen?.();
    wires[0]?.say({ topic: "fills:default", kind: "events", s: 90, events: [event(90)] });
    wires[0]?.say({ topic: "fills:default", kind: "gap", s: 1 });
    wires[0]?.say({ topic: "fills:default", kind: "events", s: 2, events: [event(1), event(2)] });
    expect(seen).toEqual([90, 1, 2]);
    socket.stop();
  });

  it("tells of a gap where a cut topic has no place to resume from", async () => {
    const { socket, wires } = await linked();
    const kinds: string[] = [];
    socket.subscribe("fills:default", (message) => kinds.push(message.kind));
    wires[0]?.onopen?.();
    expect(kinds).toEqual([]);
    wires[0]?.onclose?.();
    await vi.advanceTimersByTimeAsync(300);
    wires[1]?.onopen?.();
    expect(kinds).toEqual(["gap"]);
    socket.stop();
  });

  it("asks for a snapshot when something between two updates was lost", async () => {
    const { socket, wires } = await linked();
    const seen: number[] = [];
    socket.subscribe("book:X", (message) => {
      if (message.kind === "snapshot" || message.kind === "update") seen.push(message.s);
    });
    wires[0]?.onopen?.();
    const say = (kind: "snapshot" | "update", s: number, n: number) =>
      wires[0]?.say({ topic: "book:X", kind, s, t: 0, n, data: {} });
    say("snapshot", 10, 10);
    say("update", 13, 3);
    say("update", 20, 2);
    say("update", 22, 2);
    say("snapshot", 30, 30);
    say("update", 31, 1);

    expect(seen).toEqual([10, 13, 30, 31]);
    expect(wires[0]?.sent.slice(1)).toEqual([
      { op: "unsubscribe", topic: "book:X" },
      { op: "subscribe", topic: "book:X" },
    ]);
    socket.stop();
  });

  it("tells of the first answer, so that what was before it is loaded", async () => {
    const { socket, wires } = await linked();
    const firsts: (boolean | undefined)[] = [];
    socket.subscribe("fills:default", (message) => {
      if (message.kind === "events") firsts.push(message.isFirst);
    });
    wires[0]?.onopen?.();
    wires[0]?.say({ topic: "fills:default", kind: "events", s: 5, events: [] });
    wires[0]?.say({ topic: "fills:default", kind: "events", s: 6, events: [event(6)] });

    expect(firsts).toEqual([true, false]);
    socket.stop();
  });

  it("counts silence as a cut", async () => {
    const { socket, wires } = await linked();
    wires[0]?.onopen?.();
    await vi.advanceTimersByTimeAsync(13_000);
    expect(socket.state.status).not.toBe("open");
    expect(socket.state.cutAt).toBeGreaterThan(0);
    socket.stop();
  });

  it("asks for less while nobody looks", async () => {
    const { socket, wires } = await linked();
    wires[0]?.onopen?.();
    socket.setHidden(true);
    socket.setHidden(false);
    expect(wires[0]?.sent.map((one) => one.hz)).toEqual([4, 30]);
    socket.stop();
  });
});
