// The drawing of candles, volume and own open orders. Loaded on demand.
import { useMantineColorScheme } from "@mantine/core";
import {
  CandlestickSeries,
  ColorType,
  createChart,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import type { Order } from "../api/client";
import { decimalsOf } from "../format/numbers";
import type { TradeFeed } from "../live/market";
import { assembled, type Bar, type Candle } from "./candles";
import { paletteOf } from "./canvas";

const DRAW_EVERY_MS = 150;

interface Props {
  bars: readonly Bar[] | undefined;
  trades: TradeFeed;
  seconds: number;
  tick: number;
  openOrders: Order[];
}
interface Drawing {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  volume: ISeriesApi<"Histogram">;
}

const localSeconds = (utc: number) => utc - new Date(utc * 1000).getTimezoneOffset() * 60;

export default function ChartLines({ bars, trades, seconds, tick, openOrders }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(undefined);
  const { colorScheme } = useMantineColorScheme();

  useEffect(() => {
    if (!box.current) return;
    const made = draw(box.current, tick, seconds);
    drawing.current = made;
    return () => {
      drawing.current = undefined;
      made.chart.remove();
    };
  }, [tick, seconds, colorScheme]);

  useEffect(() => {
    const made = drawing.current;
    if (!made || !bars) return;
    const palette = box.current ? paletteOf(box.current) : undefined;
    const colour = (candle: Candle) =>
      (candle.close >= candle.open ? palette?.upBar : palette?.downBar) ?? "gray";
    const candleAt = (candle: Candle) => ({
      ...candle,
      time: localSeconds(candle.time) as UTCTimestamp,
    });
    const volumeAt = (candle: Candle) => ({
      time: localSeconds(candle.time) as UTCTimestamp,
      value: candle.volume,
      color: colour(candle),
    });
    const all = assembled(bars, trades.trades, seconds);
    made.candles.setData(all.map(candleAt));
    made.volume.setData(all.map(volumeAt));
    let from = all.at(-1)?.time ?? 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grow = () => {
      timer = undefined;
      for (const candle of assembled(bars, trades.trades, seconds)) {
        if (candle.time < from) continue;
        made.candles.update(candleAt(candle));
        made.volume.update(volumeAt(candle));
        from = candle.time;
      }
    };
    const off = trades.listen(() => {
      timer ??= setTimeout(grow, DRAW_EVERY_MS);
    });
    return () => {
      clearTimeout(timer);
      off();
    };
  }, [bars, trades, seconds, tick, colorScheme]);

  useEffect(() => {
    const made = drawing.current;
    const palette = box.current ? paletteOf(box.current) : undefined;
    if (!made || !palette) return;
    const lines: IPriceLine[] = openOrders
      .filter((order) => order.price !== null)
      .map((order) =>
        made.candles.createPriceLine({
          price: order.price ?? 0,
          color: order.side === "BUY" ? palette.up : palette.down,
          lineStyle: LineStyle.Dashed,
          lineWidth: 1,
          title: `${order.side === "BUY" ? "▲" : "▼"} ${String(order.remaining_quantity)}`,
        }),
      );
    return () => {
      if (drawing.current !== made) return;
      for (const line of lines) made.candles.removePriceLine(line);
    };
  }, [openOrders, tick, seconds, colorScheme]);

  return <div className="lines" ref={box} data-testid="chart" />;
}

function draw(box: HTMLElement, tick: number, seconds: number): Drawing {
  const palette = paletteOf(box);
  const chart = createChart(box, {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: palette.dim,
      fontFamily: getComputedStyle(box).fontFamily,
      fontSize: 11,
      // Named in the panel's header instead, where it needs no styles of its own.
      attributionLogo: false,
    },
    grid: { vertLines: { color: palette.line }, horzLines: { color: palette.line } },
    timeScale: {
      timeVisible: true,
      secondsVisible: seconds < 60,
      borderColor: palette.line,
      rightOffset: 4,
      barSpacing: 8,
    },
    rightPriceScale: { borderColor: palette.line, scaleMargins: { top: 0.06, bottom: 0.22 } },
  });
  const candles = chart.addSeries(CandlestickSeries, {
    // Hollow up, filled down: colour is not the only sign.
    upColor: "transparent",
    downColor: palette.down,
    borderUpColor: palette.up,
    borderDownColor: palette.down,
    wickUpColor: palette.up,
    wickDownColor: palette.down,
    priceFormat: { type: "price", precision: decimalsOf(tick), minMove: tick },
  });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  return { chart, candles, volume };
}
