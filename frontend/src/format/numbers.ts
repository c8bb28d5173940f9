// Numbers for people, and exact decimals where the page itself computes.
//
// Prices and quantities that are sent are decimal text, computed in whole nanos (1e-9); a
// JavaScript number is only ever shown.

const NANO_DIGITS = 9;
const PLAIN = /^\d{1,12}(\.\d{1,9})?$/;

/** Return the nanos of a plain decimal, or null where the text is none. */
export function toNanos(text: string): bigint | null {
  const plain = text.trim();
  if (!PLAIN.test(plain)) return null;
  const [whole = "0", fraction = ""] = plain.split(".");
  return BigInt(whole + fraction.padEnd(NANO_DIGITS, "0"));
}

/** Return nanos as a decimal with at least `decimals` digits behind the point. */
export function fromNanos(nanos: bigint, decimals = 0): string {
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(NANO_DIGITS + 1, "0");
  const whole = digits.slice(0, -NANO_DIGITS);
  const kept = digits.slice(-NANO_DIGITS).replace(/0+$/, "").padEnd(decimals, "0");
  return `${nanos < 0n ? "-" : ""}${whole}${kept ? `.${kept}` : ""}`;
}

/** Return the exact decimal text of a number that came from JSON with nine digits at most. */
export function exactText(value: number): string {
  return value.toFixed(NANO_DIGITS).replace(/\.?0+$/, "");
}

/** Return how many digits stand behind the point of a step such as 0.01. */
export function decimalsOf(step: number): number {
  return exactText(step).split(".")[1]?.length ?? 0;
}

const formats = new Map<number, Intl.NumberFormat>();

/** Return a number grouped by thousands with exactly `decimals` digits behind the point. */
export function fixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return "–";
  let format = formats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formats.set(decimals, format);
  }
  // A number that rounds to nothing has no sign.
  return format.format(value).replace(/^-(0(\.0*)?)$/, "$1");
}

/** Return a quantity without trailing zeros. */
export function quantity(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en-US", { maximumFractionDigits: 8 });
}

/** Return money with its sign and an arrow, so that colour is never the only sign. */
export function signed(value: number | null | undefined, decimals = 2): string {
  if (value === null || value === undefined) return "–";
  const text = fixed(Math.abs(value), decimals);
  if (Number(text.replaceAll(",", "")) === 0) return text;
  return value > 0 ? `▲ +${text}` : `▼ −${text}`;
}

/** Return the class of a signed number: its colour. */
export function tone(value: number | null | undefined): string {
  if (!value) return "";
  return value > 0 ? "up" : "down";
}

/** Return the time of day of nanoseconds since 1970, to the millisecond. */
export function timeOf(ns: number | null | undefined): string {
  if (!ns) return "–";
  const when = new Date(ns / 1e6);
  const two = (value: number) => value.toString().padStart(2, "0");
  const ms = when.getMilliseconds().toString().padStart(3, "0");
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}.${ms}`;
}

/** Return a span of seconds in its largest two units. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}
