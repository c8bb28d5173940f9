// The watch list: every symbol of the feed, its price and its way since the page opened.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Instrument } from "../api/client";
import { decimalsOf, fixed } from "../format/numbers";
import { useFeed } from "../live/feed";
import type { TickerFeed } from "../live/market";

interface Props {
  feed: TickerFeed;
  instruments: Instrument[] | undefined;
  symbol: string;
}

export function Watch({ feed, instruments, symbol }: Props) {
  useFeed(feed, 250);
  const navigate = useNavigate();
  const symbols = instruments?.map((one) => one.symbol) ?? [...feed.tickers.keys()];
  return (
    <section className="panel" aria-label="Watch list">
      <header>
        <h2>Markets</h2>
      </header>
      <table className="rows">
        <thead className="hidden-text">
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col">Last price</th>
          </tr>
        </thead>
        <tbody>
          {symbols.map((one) => {
            const tick = instruments?.find((found) => found.symbol === one)?.tick_size ?? 0.01;
            const last = feed.tickers.get(one)?.last_price;
            return (
              <tr key={one} aria-selected={one === symbol}>
                <td>
                  <button
                    type="button"
                    className="plain quiet"
                    onClick={() => void navigate({ to: "/trade/$symbol", params: { symbol: one } })}
                  >
                    {one}
                  </button>
                </td>
                <td className="num">
                  <Moved value={last} text={fixed(last, decimalsOf(tick))} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** A number in the colour, and behind the arrow, of its last move. */
export function Moved({ value, text }: { value: number | null | undefined; text: string }) {
  const [way, setWay] = useState({ value, tone: "" });
  if (value !== way.value) {
    const change = (value ?? Number.NaN) - (way.value ?? Number.NaN);
    setWay({ value, tone: change > 0 ? "up" : change < 0 ? "down" : "" });
  }
  const arrow = way.tone === "up" ? "▲ " : way.tone === "down" ? "▼ " : "";
  return <span className={way.tone}>{arrow + text}</span>;
}
