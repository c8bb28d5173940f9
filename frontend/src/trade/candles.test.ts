import { expect, it } from "vitest";
import { assembled, grown } from "./candles";

const bar = (minute: number) => ({
  start_ns: minute * 60e9,
  open: 1,
  high: 3,
  low: 1,
  close: 2,
  volume: 10,
});
const trade = (second: number, price: number) => ({
  price,
  quantity: 1,
  ts_event_ns: second * 1e9,
});

it("trades of closed bars are not counted twice, those behind them make the open candle", () => {
  const candles = assembled([bar(1)], [trade(119, 9), trade(120, 5), trade(121, 4)], 60);

  expect(candles).toEqual([
    { time: 60, open: 1, high: 3, low: 1, close: 2, volume: 10 },
    { time: 120, open: 5, high: 5, low: 4, close: 4, volume: 2 },
  ]);
});

it("a trade that comes late changes no newer candle", () => {
  const last = { time: 120, open: 1, high: 1, low: 1, close: 1, volume: 1 };

  expect(grown(last, trade(60, 9), 60)).toBeNull();
  expect(grown(last, trade(130, 9), 60)).toMatchObject({ high: 9, close: 9, volume: 2 });
  expect(grown(last, trade(190, 9), 60)).toMatchObject({ time: 180, open: 9 });
});
