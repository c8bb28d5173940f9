// The candles: closed bars from the gateway, the open one from the trades that stream. The
// library that draws them is a chunk of its own, loaded when a chart is first shown.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { gateway, type Instrument, must, type Order } from "../api/client";
import { lineOf } from "../api/problem";
import { usePrefs } from "../app/prefs";
import { decimalsOf, fixed, quantity, timeOf } from "../format/numbers";
import type { TradeFeed } from "../live/market";

const ChartLines = lazy(() => import("./chart_lines"));

const SECONDS: Record<string, number> = {
  "1s": 1,
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "1h": 3600,
  "4h": 14_400,
  "1d": 86_400,
};
const BARS = 300;
const TABLE_BARS = 100;

interface Props {
  symbol: string;
  trades: TradeFeed;
  instrument: Instrument | undefined;
  openOrders: Order[];
}

export function Chart({ symbol, trades, instrument, openOrders }: Props) {
  const interval = usePrefs((prefs) => prefs.interval);
  const set = usePrefs((prefs) => prefs.set);
  const [isTable, setTable] = useState(false);
  const seconds = SECONDS[interval] ?? 60;
  const digits = decimalsOf(instrument?.tick_size ?? 0.01);
  const { data, error, refetch } = useQuery({
    queryKey: ["bars", symbol, interval],
    queryFn: () =>
      must(
        gateway.GET("/bars/{symbol}", {
          params: { path: { symbol }, query: { interval, limit: BARS } },
        }),
      ),
    // The stream draws what is new; asking again puts right what a cut has missed.
    refetchInterval: Math.max(5000, Math.min(seconds * 1000, 60_000)),
  });
  return (
    <section className="panel chart" aria-label="Chart">
      <header>
        <div className="tabs" role="group" aria-label="Interval">
          {Object.keys(SECONDS).map((one) => (
            <button
              key={one}
              type="button"
              className="plain quiet"
              aria-pressed={one === interval}
              onClick={() => {
                set({ interval: one });
              }}
            >
              {one}
            </button>
          ))}
        </div>
        <span className="push" />
        <button
          type="button"
          className="plain quiet"
          aria-pressed={isTable}
          onClick={() => {
            setTable(!isTable);
          }}
        >
          Table
        </button>
        <a
          className="dim"
          href="https://www.tradingview.com/"
          target="_blank"
          rel="noreferrer noopener"
        >
          Charts by TradingView
        </a>
      </header>
      {error && !data && (
        <p className="empty" role="alert">
          <span className="danger">{lineOf(error)}</span>{" "}
          <button type="button" className="plain" onClick={() => void refetch()}>
            Try again
          </button>
        </p>
      )}
      {isTable ? (
        <div className="scroll" tabIndex={0} role="region" aria-label="Bars">
          <table className="rows">
            <thead>
              <tr>
                <th scope="col">Begin</th>
                {["Open", "High", "Low", "Close", "Volume", "Trades"].map((name) => (
                  <th scope="col" className="num" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data
                ?.slice(-TABLE_BARS)
                .reverse()
                .map((bar) => (
                  <tr key={bar.start_ns}>
                    <td>{timeOf(bar.start_ns).slice(0, 8)}</td>
                    {[bar.open, bar.high, bar.low, bar.close].map((price, index) => (
                      <td className="num" key={index}>
                        {fixed(price, digits)}
                      </td>
                    ))}
                    <td className="num">{quantity(bar.volume)}</td>
                    <td className="num">{bar.trade_count}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div className="canvas">
          <Suspense fallback={<div className="empty">Loading the chart …</div>}>
            <ChartLines
              key={`${symbol} ${interval}`}
              bars={data}
              trades={trades}
              seconds={seconds}
              tick={instrument?.tick_size ?? 0.01}
              openOrders={openOrders}
            />
          </Suspense>
        </div>
      )}
    </section>
  );
}
