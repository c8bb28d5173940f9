import { describe, expect, it } from "vitest";
import {
  bodyOf,
  type Draft,
  type Limits,
  problemsOf,
  standing,
  todayOf,
  utcOf,
  wordsOf,
} from "./trial";

const DRAFT: Draft = {
  day: "2026-11-26",
  kind: "symbol",
  of: "BTCUSDT",
  limit: "max_order_quantity",
  value: "0.5",
};

describe("a dry run", () => {
  it("sends amounts as they were typed, and counts as numbers", () => {
    expect(bodyOf({ ...DRAFT, value: " 0.100000001 " })).toEqual({
      day: "2026-11-26",
      limits: [{ scope: "symbol:BTCUSDT", max_order_quantity: "0.100000001" }],
      policy: "",
    });
    const few: Draft = { ...DRAFT, kind: "default", limit: "max_open_orders", value: "3" };
    expect(bodyOf(few).limits).toEqual([{ scope: "default", max_open_orders: 3 }]);
    const some: Draft = { ...DRAFT, kind: "account", of: " ann ", limit: "max_daily_loss" };
    expect(bodyOf({ ...some, value: "100" }).limits).toEqual([
      { scope: "account:ann", max_daily_loss: "100" },
    ]);
  });

  it("says what is missing before anything is sent", () => {
    expect(problemsOf(DRAFT)).toEqual({});
    expect(problemsOf({ ...DRAFT, value: "0" })).toEqual({});
    expect(Object.keys(problemsOf({ ...DRAFT, day: "", of: " ", value: "" }))).toEqual([
      "day",
      "of",
      "value",
    ]);
    expect(problemsOf({ ...DRAFT, value: "-1" })).toHaveProperty("value");
    expect(problemsOf({ ...DRAFT, limit: "max_leverage_bps", value: "1.5" })).toHaveProperty(
      "value",
    );
    expect(problemsOf({ ...DRAFT, kind: "default", of: "" })).toEqual({});
  });

  it("tells the limit that stands", () => {
    const of = (symbol: string, most: number) =>
      ({ symbol, max_order_quantity: most }) as unknown as Limits;
    const limits = [of("BTCUSDT", 10), of("DEFAULT", 1000)];
    expect(standing(DRAFT, limits)).toBe(10);
    expect(standing({ ...DRAFT, of: "AAPL" }, limits)).toBe(1000);
    expect(standing({ ...DRAFT, kind: "default", of: "" }, limits)).toBe(1000);
    expect(standing(DRAFT, [])).toBeNull();
    expect(standing({ ...DRAFT, kind: "account" }, limits)).toBeNull();
  });

  it("says what was tried, and when an order came, by the day it asks for", () => {
    expect(wordsOf(DRAFT)).toBe("2026-11-26, symbol BTCUSDT: order quantity at most 0.5");
    const lever: Draft = { ...DRAFT, kind: "default", limit: "max_leverage_bps", value: "9" };
    expect(wordsOf(lever)).toBe("2026-11-26, every order: leverage at most 9 bps");
    expect(utcOf(Date.parse("2026-11-26T23:59:59.25Z") * 1e6)).toBe("23:59:59.250");
  });

  it("begins with the day of now, in UTC", () => {
    expect(todayOf(new Date("2026-11-26T23:59:59.999Z"))).toBe("2026-11-26");
  });
});
