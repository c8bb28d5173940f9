import { describe, expect, it } from "vitest";
import type { Instrument } from "../api/client";
import { check, type Draft, moveBy, valueOf } from "./checks";

const BTC: Instrument = {
  symbol: "BTCUSDT",
  base: "BTC",
  quote: "USDT",
  tick_size: 0.01,
  lot_size: 0.00001,
  min_quantity: 0.00001,
  max_quantity: 9000,
  min_notional: 5,
  is_trading: true,
};
const draft = (change: Partial<Draft> = {}): Draft => ({
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  price: "60000.01",
  quantity: "0.001",
  ...change,
});
const texts = (change: Partial<Draft>, reference: number | null = 60_000) =>
  check(draft(change), BTC, reference).map((one) => `${one.field}: ${one.text}`);

describe("the ticket's checks", () => {
  it("let a good order pass", () => {
    expect(texts({})).toEqual([]);
    expect(texts({ type: "MARKET", price: "" })).toEqual([]);
  });

  it("refuse what is not on the grid, exactly", () => {
    expect(texts({ price: "60000.001" })).toEqual(["price: must be a multiple of 0.01"]);
    expect(texts({ quantity: "0.000015", price: "900000" })).toEqual([
      "quantity: must be a multiple of 0.00001",
    ]);
    // 0.07 / 0.01 is no whole number in floating point.
    expect(texts({ price: "60000.07" })).toEqual([]);
  });

  it("refuse too little, too much and too cheap", () => {
    expect(texts({ quantity: "0" })).toEqual(["quantity: must be a number above zero"]);
    expect(texts({ quantity: "9000.00001" })).toEqual(["quantity: at most 9000 BTC"]);
    expect(texts({ quantity: "0.00001" })).toEqual(["quantity: worth at least 5 USDT"]);
  });

  it("refuse text that is no number", () => {
    expect(texts({ price: "1e5" })).toEqual(["price: a limit order needs a price above zero"]);
    expect(texts({ quantity: "1,5" })).toEqual(["quantity: must be a number above zero"]);
  });
});

it("a price moves by whole ticks and never to nothing", () => {
  expect(moveBy("60000.01", 1, BTC)).toBe("60000.02");
  expect(moveBy("60000.019", -1, BTC)).toBe("60000.00");
  expect(moveBy("0.01", -5, BTC)).toBe("0.01");
  expect(moveBy("x", 1, BTC)).toBe("x");
});

it("the value of an order is exact", () => {
  expect(valueOf(draft({ price: "0.1", quantity: "3" }), null)).toBe(300_000_000n);
  expect(valueOf(draft({ type: "MARKET", quantity: "2" }), null)).toBeNull();
});
