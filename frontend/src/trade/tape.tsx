// The trades as they happen, newest above, drawn on a canvas.
import { useCallback, useEffect } from "react";
import type { Instrument } from "../api/client";
import { decimalsOf, fixed, timeOf } from "../format/numbers";
import { useFeed } from "../live/feed";
import type { TradeFeed } from "../live/market";
import { type Sheet, useCanvas } from "./canvas";

const ROW = 20;

export function Tape({ feed, instrument }: { feed: TradeFeed; instrument?: Instrument }) {
  const priceDigits = decimalsOf(instrument?.tick_size ?? 0.01);
  const quantityDigits = Math.min(4, decimalsOf(instrument?.lot_size ?? 0.0001));
  const draw = useCallback(
    ({ context, width, height, palette }: Sheet) => {
      const rows = Math.ceil(height / ROW);
      const newest = feed.trades.slice(-rows).reverse();
      newest.forEach((trade, index) => {
        const y = index * ROW + ROW / 2;
        const isBuy = trade.side === "BUY";
        context.textAlign = "left";
        context.fillStyle = palette.dim;
        context.fillText(timeOf(trade.ts_event_ns).slice(0, 8), 8, y);
        context.textAlign = "right";
        context.fillStyle = isBuy ? palette.up : palette.down;
        context.fillText(`${isBuy ? "▲" : "▼"} ${fixed(trade.price, priceDigits)}`, width * 0.7, y);
        context.fillStyle = palette.text;
        context.fillText(fixed(trade.quantity, quantityDigits), width - 8, y);
      });
    },
    [feed, priceDigits, quantityDigits],
  );
  const [canvas, redraw] = useCanvas(draw);
  useEffect(() => feed.listen(redraw), [feed, redraw]);
  return (
    <section className="panel" aria-label="Trades">
      <header>
        <h2>Trades</h2>
      </header>
      <div className="canvas">
        <canvas ref={canvas} aria-hidden="true" />
        <LastTrade feed={feed} />
      </div>
    </section>
  );
}

function LastTrade({ feed }: { feed: TradeFeed }) {
  useFeed(feed, 1000);
  const last = feed.trades.at(-1);
  return (
    <p className="hidden-text">
      {last ? `Last trade: ${last.side} ${last.quantity} at ${last.price}` : "No trades yet"}
    </p>
  );
}
