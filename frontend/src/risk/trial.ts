// A dry run as it is drafted here: which limits of which scope are on trial, checked before they
// are sent. Amounts go out as the exact text that was typed.
import type { components } from "../api/risk";
import { toNanos } from "../format/numbers";

type Schemas = components["schemas"];
export type Findings = Schemas["DryRunFindings"];
export type PastOrder = Schemas["PastOrderReply"];
export type Limits = Schemas["LimitsReply"];

type Unit = "quantity" | "money" | "count" | "bps";
export type LimitName = Exclude<keyof Limits, "symbol" | "margin_bps" | "reference_max_age_ns">;

export const LIMITS: readonly { name: LimitName; label: string; unit: Unit }[] = [
  { name: "max_order_quantity", label: "Order quantity", unit: "quantity" },
  { name: "max_order_value", label: "Order value", unit: "money" },
  { name: "max_position_quantity", label: "Position quantity", unit: "quantity" },
  { name: "max_position_value", label: "Position value", unit: "money" },
  { name: "max_position_loss", label: "Position loss", unit: "money" },
  { name: "max_concentration_bps", label: "Concentration", unit: "bps" },
  { name: "max_leverage_bps", label: "Leverage", unit: "bps" },
  { name: "max_gross_exposure", label: "Gross exposure", unit: "money" },
  { name: "max_net_exposure", label: "Net exposure", unit: "money" },
  { name: "max_open_orders", label: "Open orders", unit: "count" },
  { name: "max_positions", label: "Positions", unit: "count" },
  { name: "max_orders_per_s", label: "Orders a second", unit: "count" },
  { name: "max_repeats_per_s", label: "Repeats a second", unit: "count" },
  { name: "collar_bps", label: "Price collar", unit: "bps" },
  { name: "max_daily_loss", label: "Daily loss", unit: "money" },
  { name: "max_drawdown_bps", label: "Drawdown", unit: "bps" },
  { name: "max_fast_drawdown_bps", label: "Fast drawdown", unit: "bps" },
  { name: "max_var_95", label: "Value at risk, 95 %", unit: "money" },
  { name: "max_var_99", label: "Value at risk, 99 %", unit: "money" },
];

export type ScopeKind = "default" | "symbol" | "account" | "strategy";

export interface Draft {
  day: string;
  kind: ScopeKind;
  /** Which symbol, account or strategy; of `default` nothing. */
  of: string;
  limit: LimitName;
  value: string;
}

export type Field = "day" | "of" | "value";

const WHOLE = /^\d{1,9}$/;

export function unitOf(limit: LimitName): Unit {
  return LIMITS.find((one) => one.name === limit)?.unit ?? "money";
}

/** Return what is wrong with each field of the draft; nothing where it can be sent. */
export function problemsOf(draft: Draft): Partial<Record<Field, string>> {
  const found: Partial<Record<Field, string>> = {};
  if (!/^\d{4}-\d{2}-\d{2}$/.test(draft.day)) found.day = "choose a day";
  if (draft.kind !== "default" && draft.of.trim() === "") found.of = `name the ${draft.kind}`;
  const isWhole = unitOf(draft.limit) === "bps" || unitOf(draft.limit) === "count";
  if (isWhole ? !WHOLE.test(draft.value.trim()) : toNanos(draft.value) === null) {
    found.value = isWhole ? "a whole number" : "a number, such as 0.5";
  }
  return found;
}

/** Return the body of `POST /risk/dry-run`; the draft has no problems. */
export function bodyOf(draft: Draft): Schemas["DryRunRequest"] {
  const value = draft.value.trim();
  const isWhole = WHOLE.test(value) && ["bps", "count"].includes(unitOf(draft.limit));
  const scope = draft.kind === "default" ? "default" : `${draft.kind}:${draft.of.trim()}`;
  const limits = { scope, [draft.limit]: isWhole ? Number(value) : value };
  return { day: draft.day, limits: [limits], policy: "" };
}

/** Return what was tried, in words. */
export function wordsOf(draft: Draft): string {
  const scope = draft.kind === "default" ? "every order" : `${draft.kind} ${draft.of.trim()}`;
  const label = LIMITS.find((one) => one.name === draft.limit)?.label ?? draft.limit;
  const unit = unitOf(draft.limit) === "bps" ? " bps" : "";
  return `${draft.day}, ${scope}: ${label.toLowerCase()} at most ${draft.value.trim()}${unit}`;
}

/** Return the time of day in UTC, to the millisecond. */
export function utcOf(ns: number): string {
  return new Date(Math.round(ns / 1e6)).toISOString().slice(11, 23);
}

/** Return the limit that stands now for what the draft is about, where that is told by symbol. */
export function standing(draft: Draft, limits: readonly Limits[]): number | null {
  // What an account or a strategy was given besides is not told by symbol.
  if (draft.kind === "account" || draft.kind === "strategy") return null;
  const symbol = draft.kind === "symbol" ? draft.of.trim() : "";
  const known = limits.find((one) => one.symbol === symbol);
  return (known ?? limits.find((one) => one.symbol === "DEFAULT"))?.[draft.limit] ?? null;
}

/** Return the day of now in UTC, as its date is written. */
export function todayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}
