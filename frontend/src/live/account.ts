// One account as it streams: orders, fills, positions and P&L. The order and fill streams are
// lossless; what happened before them is loaded once, and again after a gap.
import { type Fill, must, type Order, oms, type Pnl, pnl, type Position } from "../api/client";
import { lineOf } from "../api/problem";
import { Feed } from "./feed";
import type { LiveSocket, TopicMessage } from "./socket";

export const DONE: ReadonlySet<string> = new Set([
  "RISK_REJECTED",
  "FILLED",
  "CANCELLED",
  "REJECTED",
  "EXPIRED",
  "FAILED",
]);
const ORDERS_LOADED = 200;
const FILLS_LOADED = 500;
const KEPT = 1000;

export class AccountFeed extends Feed {
  readonly orders = new Map<string, Order>();
  readonly fills = new Map<string, Fill>();
  positions = new Map<string, Position>();
  pnl: Pnl | undefined;
  /** Why the past could not be loaded; empty when it was. */
  problem = "";
  isLoaded = false;
  denied = "";

  constructor(readonly account: string) {
    super();
  }

  /** Stream the account until the returned function is called. */
  follow(socket: LiveSocket): () => void {
    const { account } = this;
    const offs = [
      socket.subscribe(`orders:${account}`, (message) => {
        if (message.kind === "events") {
          for (const event of message.events) this.putOrder(event.data as unknown as Order);
          this.changedNow();
        }
        this.mind(message);
      }),
      socket.subscribe(`fills:${account}`, (message) => {
        if (message.kind === "events") {
          for (const event of message.events) this.putFill(event.data as unknown as Fill);
          this.changedNow();
        }
        this.mind(message);
      }),
      socket.subscribe(`positions:${account}`, (message) => {
        if (message.kind === "snapshot") this.positions.clear();
        if (message.kind === "snapshot" || message.kind === "update") {
          for (const [key, position] of Object.entries(message.data)) {
            this.positions.set(key, position as Position);
          }
          this.changed();
        }
        this.mind(message);
      }),
      socket.subscribe(`pnl:${account}`, (message) => {
        if (message.kind === "snapshot" || message.kind === "update") {
          this.pnl = { ...this.pnl, ...(message.data as unknown as Pnl) };
          this.changed();
        }
      }),
    ];
    void this.load();
    return () => {
      for (const off of offs) off();
    };
  }

  /** Load what there is by now. */
  async load(): Promise<void> {
    const { account } = this;
    try {
      const [orders, fills, snapshot] = await Promise.all([
        must(oms.GET("/orders", { params: { query: { account, limit: ORDERS_LOADED } } })),
        this.newestFills(),
        must(pnl.GET("/snapshot", { params: { query: { account } } })),
      ]);
      for (const order of orders.orders) this.putOrder(order);
      for (const fill of fills) this.putFill(fill);
      for (const position of snapshot.positions) {
        const key = `${position.strategy}|${position.venue}|${position.symbol}`;
        if (!this.positions.has(key)) this.positions.set(key, position);
      }
      this.pnl ??= snapshot.pnl;
      this.problem = "";
      this.isLoaded = true;
    } catch (error) {
      this.problem = lineOf(error);
    }
    this.changedNow();
  }

  /** Take an order that an answer told of: the user's own action is seen at once. */
  show(order: Order): void {
    this.putOrder(order);
    this.changedNow();
  }

  /** Return the orders, newest first. */
  ordersByTime(): Order[] {
    return [...this.orders.values()].sort((a, b) => b.created_ns - a.created_ns);
  }

  openOrders(): Order[] {
    return this.ordersByTime().filter((order) => !DONE.has(order.status));
  }

  /** Return the fills, newest first. */
  fillsByTime(): Fill[] {
    return [...this.fills.values()].sort((a, b) => b.booked_ns - a.booked_ns);
  }

  private async newestFills(): Promise<Fill[]> {
    const { account } = this;
    const found: Fill[] = [];
    // The list is in the order of booking: the newest are at its end.
    let cursor: string | null = null;
    do {
      const query: { account: string; limit: number; cursor?: string } = {
        account,
        limit: FILLS_LOADED,
      };
      if (cursor !== null) query.cursor = cursor;
      const page: { fills: Fill[]; next_cursor: string | null } = await must(
        oms.GET("/fills", { params: { query } }),
      );
      found.push(...page.fills);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return found.slice(-KEPT);
  }

  private mind(message: TopicMessage): void {
    if (message.kind === "denied") {
      this.denied = message.rule;
      this.changed();
    }
    // What was missed is too old for the stream, or happened before it began: load it.
    if (message.kind === "gap" || (message.kind === "events" && message.isFirst)) void this.load();
  }

  private putOrder(order: Order): void {
    const known = this.orders.get(order.order_id);
    // Answers and the stream may overtake one another.
    const isOlder =
      known &&
      (known.updated_ns > order.updated_ns ||
        (known.updated_ns === order.updated_ns && DONE.has(known.status)));
    if (!isOlder) this.orders.set(order.order_id, order);
    if (this.orders.size > KEPT) this.prune();
  }

  private prune(): void {
    const old = this.ordersByTime().filter((order) => DONE.has(order.status));
    for (const order of old.slice(-KEPT / 2)) this.orders.delete(order.order_id);
  }

  private putFill(fill: Fill): void {
    this.fills.set(`${fill.venue}|${fill.exec_id}`, fill);
    if (this.fills.size > 2 * KEPT) {
      const oldest = this.fillsByTime().slice(KEPT);
      for (const one of oldest) this.fills.delete(`${one.venue}|${one.exec_id}`);
    }
  }
}
