// Candles from closed bars and from trades: the newest one grows with each trade.

export interface Candle {
  /** Its begin, in seconds since 1970. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface Bar {
  start_ns: number;
  open: number | null;
  high: number | null;
  low: number | null;
  close: number | null;
  volume: number | null;
}

export function candleOf(bar: Bar): Candle {
  return {
    time: bar.start_ns / 1e9,
    open: bar.open ?? 0,
    high: bar.high ?? 0,
    low: bar.low ?? 0,
    close: bar.close ?? 0,
    volume: bar.volume ?? 0,
  };
}

export interface Traded {
  price: number;
  quantity: number;
  ts_event_ns: number;
}

/** Return the candle that a trade belongs to, grown by it; null for one of a closed candle. */
export function grown(last: Candle | undefined, trade: Traded, seconds: number): Candle | null {
  const time = Math.floor(trade.ts_event_ns / 1e9 / seconds) * seconds;
  if (last && time < last.time) return null;
  if (!last || time > last.time) {
    const { price } = trade;
    return { time, open: price, high: price, low: price, close: price, volume: trade.quantity };
  }
  return {
    ...last,
    high: Math.max(last.high, trade.price),
    low: Math.min(last.low, trade.price),
    close: trade.price,
    volume: last.volume + trade.quantity,
  };
}

/** Return closed bars followed by what the trades after them add up to. */
export function assembled(bars: readonly Bar[], trades: readonly Traded[], seconds: number) {
  const candles = bars.map(candleOf);
  const closedUntil = (candles.at(-1)?.time ?? Number.NEGATIVE_INFINITY) + seconds;
  for (const trade of trades) {
    if (trade.ts_event_ns / 1e9 < closedUntil) continue;
    const last = candles.at(-1);
    const next = grown(last, trade, seconds);
    if (!next) continue;
    if (last && next.time === last.time) candles[candles.length - 1] = next;
    else candles.push(next);
  }
  return candles;
}
