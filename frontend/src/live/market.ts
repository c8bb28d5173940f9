// The market as it streams: tickers, one symbol's book, one symbol's trades.
import { Feed } from "./feed";
import type { TopicMessage } from "./socket";

export interface Ticker {
  last_price: number | null;
  bid: number | null;
  ask: number | null;
  bid_quantity: number | null;
  ask_quantity: number | null;
  volume: number;
  timestamp_ns: number;
  venue: string;
}

export class TickerFeed extends Feed {
  readonly tickers = new Map<string, Ticker>();
  /** When each symbol's ticker last changed, by this page's clock. */
  readonly seenAt = new Map<string, number>();

  take(message: TopicMessage): void {
    if (message.kind !== "snapshot" && message.kind !== "update") return;
    const now = Date.now();
    for (const [symbol, change] of Object.entries(message.data)) {
      const before = this.tickers.get(symbol);
      this.tickers.set(symbol, { ...before, ...(change as Ticker) });
      this.seenAt.set(symbol, now);
    }
    this.changed();
  }
}

export interface Level {
  price: number;
  quantity: number;
}

type Side = Map<string, Level>;

export class BookFeed extends Feed {
  readonly bids: Side = new Map();
  readonly asks: Side = new Map();
  isReady = false;
  private sorted: { version: number; bids: Level[]; asks: Level[] } | undefined;

  take(message: TopicMessage): void {
    if (message.kind !== "snapshot" && message.kind !== "update") return;
    if (message.kind === "snapshot") {
      this.bids.clear();
      this.asks.clear();
    }
    const data = message.data as { bids?: Record<string, number>; asks?: Record<string, number> };
    change(this.bids, data.bids);
    change(this.asks, data.asks);
    this.isReady = true;
    this.changed();
  }

  /** Return both sides, best first. */
  levels(): { bids: Level[]; asks: Level[] } {
    if (this.sorted?.version !== this.version) {
      const bids = [...this.bids.values()].sort((a, b) => b.price - a.price);
      const asks = [...this.asks.values()].sort((a, b) => a.price - b.price);
      this.sorted = { version: this.version, bids, asks };
    }
    return this.sorted;
  }
}

function change(side: Side, changes: Record<string, number> | undefined): void {
  if (!changes) return;
  for (const [text, quantity] of Object.entries(changes)) {
    if (quantity === 0) side.delete(text);
    else side.set(text, { price: Number(text), quantity });
  }
}

export interface Trade {
  price: number;
  quantity: number;
  side: string;
  trade_id: string;
  ts_event_ns: number;
}

const TRADES_KEPT = 300;

export class TradeFeed extends Feed {
  /** Newest last. */
  trades: Trade[] = [];
  /** How many there were in all: so that charts find what is new. */
  count = 0;
  private readonly known = new Set<string>();

  take(message: TopicMessage): void {
    if (message.kind !== "events") return;
    this.add(message.events.map((event) => event.data as unknown as Trade));
  }

  add(found: Trade[]): void {
    for (const trade of found) {
      if (this.known.has(trade.trade_id)) continue;
      this.known.add(trade.trade_id);
      this.trades.push(trade);
      this.count += 1;
    }
    if (this.trades.length > 2 * TRADES_KEPT) {
      for (const old of this.trades.splice(0, this.trades.length - TRADES_KEPT)) {
        this.known.delete(old.trade_id);
      }
    }
    this.changed();
  }

  /** Put trades that did not stream, newest first as the API lists them, where they belong. */
  backfill(older: Trade[]): void {
    const fresh = older.filter((trade) => !this.known.has(trade.trade_id)).reverse();
    for (const trade of fresh) this.known.add(trade.trade_id);
    const byTime = (one: Trade, other: Trade) => one.ts_event_ns - other.ts_event_ns;
    this.trades = [...fresh, ...this.trades].sort(byTime);
    this.changed();
  }
}
