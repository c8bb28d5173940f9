import { describe, expect, it } from "vitest";
import {
  decimalsOf,
  exactText,
  fixed,
  fromNanos,
  quantity,
  signed,
  span,
  toNanos,
} from "./numbers";

describe("exact decimals", () => {
  it("survive the way to nanos and back", () => {
    for (const text of ["0", "1", "0.1", "60000.01", "0.000000001", "123456789.987654321"]) {
      expect(fromNanos(toNanos(text) ?? -1n)).toBe(text);
    }
  });

  it("are refused where the text is not a plain decimal", () => {
    for (const text of ["", "-1", "1e5", "1,000", "0x1", "1.", ".5", "1.1234567891", "١"]) {
      expect(toNanos(text)).toBeNull();
    }
  });

  it("keep the digits of a step", () => {
    expect(fromNanos(toNanos("60000") ?? 0n, 2)).toBe("60000.00");
    expect(decimalsOf(0.00001)).toBe(5);
    expect(decimalsOf(1)).toBe(0);
    expect(exactText(0.1 + 0.2)).toBe("0.3");
    expect(exactText(100)).toBe("100");
  });
});

describe("numbers for people", () => {
  it("say their sign twice, and nothing of nothing", () => {
    expect(signed(12.5)).toBe("▲ +12.50");
    expect(signed(-12.5)).toBe("▼ −12.50");
    expect(signed(-0.001)).toBe("0.00");
    expect(fixed(-0.001, 2)).toBe("0.00");
    expect(fixed(null, 2)).toBe("–");
    expect(quantity(0.00001)).toBe("0.00001");
  });

  it("tell spans in two units", () => {
    expect([span(5), span(65), span(3700), span(90_000)]).toEqual([
      "5 s",
      "1 m 5 s",
      "1 h 1 m",
      "1 d 1 h",
    ]);
  });
});
