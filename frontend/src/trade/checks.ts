// What the ticket refuses before anything is sent: the venue's filters, in exact nanos.
import type { Instrument } from "../api/client";
import { exactText, fromNanos, toNanos } from "../format/numbers";

export type Side = "BUY" | "SELL";
export type OrderType = "LIMIT" | "MARKET";

export interface Draft {
  side: Side;
  type: OrderType;
  timeInForce: string;
  price: string;
  quantity: string;
}

export interface Finding {
  field: "price" | "quantity";
  text: string;
}

const NANO = 1_000_000_000n;

function nanosOf(value: number | null): bigint {
  return toNanos(exactText(value ?? 0)) ?? 0n;
}

/** Return the value of the draft in nanos at its price, or at `reference` for the market. */
export function valueOf(draft: Draft, reference: number | null): bigint | null {
  const quantity = toNanos(draft.quantity);
  const price = draft.type === "LIMIT" ? toNanos(draft.price) : nanosOf(reference);
  if (quantity === null || price === null || price === 0n) return null;
  return (quantity * price) / NANO;
}

/** Return everything that the filters of the instrument have against the draft. */
export function check(draft: Draft, instrument: Instrument, reference: number | null): Finding[] {
  const found: Finding[] = [];
  const price = toNanos(draft.price);
  if (draft.type === "LIMIT") {
    const tick = nanosOf(instrument.tick_size);
    if (price === null || price === 0n) {
      found.push({ field: "price", text: "a limit order needs a price above zero" });
    } else if (price % tick !== 0n) {
      found.push({ field: "price", text: `must be a multiple of ${fromNanos(tick)}` });
    }
  }
  const quantity = toNanos(draft.quantity);
  if (quantity === null || quantity === 0n) {
    found.push({ field: "quantity", text: "must be a number above zero" });
    return found;
  }
  const lot = nanosOf(instrument.lot_size);
  const least = nanosOf(instrument.min_quantity);
  const most = nanosOf(instrument.max_quantity);
  const base = instrument.base;
  if (quantity < least) {
    found.push({ field: "quantity", text: `at least ${fromNanos(least)} ${base}` });
  } else if (quantity > most) {
    found.push({ field: "quantity", text: `at most ${fromNanos(most)} ${base}` });
  } else if (quantity % lot !== 0n) {
    found.push({ field: "quantity", text: `must be a multiple of ${fromNanos(lot)}` });
  }
  const value = valueOf(draft, reference);
  const leastValue = nanosOf(instrument.min_notional);
  if (value !== null && value < leastValue) {
    const text = `worth at least ${fromNanos(leastValue)} ${instrument.quote}`;
    found.push({ field: "quantity", text });
  }
  return found;
}

/** Return the price moved by whole ticks, never below one. */
export function moveBy(price: string, ticks: number, instrument: Instrument): string {
  const tick = nanosOf(instrument.tick_size);
  const from = toNanos(price);
  if (from === null) return price;
  const onGrid = from - (from % tick);
  const moved = onGrid + BigInt(ticks) * tick;
  const decimals = fromNanos(tick).split(".")[1]?.length ?? 0;
  return fromNanos(moved < tick ? tick : moved, decimals);
}
