// The order book: asks above, bids below, drawn on a canvas once a frame. A table that is not
// seen says the same to screen readers.
import { useCallback, useEffect } from "react";
import type { Instrument, Order } from "../api/client";
import { decimalsOf, exactText, fixed } from "../format/numbers";
import { useFeed } from "../live/feed";
import type { BookFeed, Level } from "../live/market";
import { type Sheet, useCanvas } from "./canvas";
import { Age } from "./age";

const ROW = 22;
const TABLE_LEVELS = 10;
const TABLE_EVERY_MS = 1000;

interface Props {
  book: BookFeed;
  instrument: Instrument | undefined;
  openOrders: Order[];
  onPrice: (price: string) => void;
}

/** How many levels fit on each side of the row in the middle. */
function rowsOf(height: number): number {
  return Math.max(0, Math.floor((height - ROW) / 2 / ROW));
}

export function Book({ book, instrument, openOrders, onPrice }: Props) {
  const priceDigits = decimalsOf(instrument?.tick_size ?? 0.01);
  const quantityDigits = decimalsOf(instrument?.lot_size ?? 0.00001);

  const draw = useCallback(
    (sheet: Sheet) => {
      const { bids, asks } = book.levels();
      const rows = rowsOf(sheet.height);
      const own = new Set(openOrders.map((order) => `${order.side}${order.price ?? 0}`));
      const seen = [...bids.slice(0, rows), ...asks.slice(0, rows)];
      const largest = seen.reduce((most, level) => Math.max(most, level.quantity), 0);
      const { context, width, palette } = sheet;
      const half = rows * ROW;
      const row = (level: Level, y: number, side: "BUY" | "SELL", total: number) => {
        const isBid = side === "BUY";
        const bar = largest ? (level.quantity / largest) * width : 0;
        context.fillStyle = isBid ? palette.upBar : palette.downBar;
        context.fillRect(width - bar, y + 1, bar, ROW - 2);
        context.textAlign = "left";
        context.fillStyle = isBid ? palette.up : palette.down;
        const mark = own.has(`${side}${level.price}`) ? "◆" : isBid ? "▲" : "▼";
        context.fillText(mark, 6, y + ROW / 2);
        context.textAlign = "right";
        context.fillText(fixed(level.price, priceDigits), width * 0.44, y + ROW / 2);
        context.fillStyle = palette.text;
        context.fillText(fixed(level.quantity, quantityDigits), width * 0.73, y + ROW / 2);
        context.fillStyle = palette.dim;
        context.fillText(short(total), width - 8, y + ROW / 2);
      };
      let total = 0;
      asks.slice(0, rows).forEach((level, index) => {
        total += level.quantity;
        row(level, half - (index + 1) * ROW, "SELL", total);
      });
      total = 0;
      bids.slice(0, rows).forEach((level, index) => {
        total += level.quantity;
        row(level, half + (index + 1) * ROW, "BUY", total);
      });
      middle(sheet, half, bids[0], asks[0], priceDigits);
    },
    [book, openOrders, priceDigits, quantityDigits],
  );
  const [canvas, redraw] = useCanvas(draw);
  useEffect(() => book.listen(redraw), [book, redraw]);

  const pick = (event: React.MouseEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const rows = rowsOf(box.height);
    const index = Math.floor((event.clientY - box.top) / ROW) - rows;
    const { bids, asks } = book.levels();
    const level = index < 0 ? asks[-index - 1] : bids[index - 1];
    if (level) onPrice(exactText(level.price));
  };

  return (
    <section className="panel book" aria-label="Order book">
      <header>
        <h2>Book</h2>
        <span className="dim">price · quantity · total</span>
        <span className="push" />
        <Age at={() => book.heardAt} />
      </header>
      <div className="canvas">
        <canvas ref={canvas} onClick={pick} aria-hidden="true" data-testid="book" />
        <BookTable book={book} priceDigits={priceDigits} />
      </div>
    </section>
  );
}

function short(total: number): string {
  return total.toLocaleString("en-US", { maximumSignificantDigits: 4, notation: "compact" });
}

function middle(
  { context, width, palette }: Sheet,
  y: number,
  bid: Level | undefined,
  ask: Level | undefined,
  digits: number,
) {
  context.fillStyle = palette.raised;
  context.fillRect(0, y, width, ROW);
  context.fillStyle = palette.dim;
  context.textAlign = "left";
  if (!bid || !ask) {
    context.fillText(bid || ask ? "one side only" : "no quotes", 8, y + ROW / 2);
    return;
  }
  const spread = ask.price - bid.price;
  const mid = (ask.price + bid.price) / 2;
  const bps = (spread / mid) * 10_000;
  context.fillText(`spread ${fixed(spread, digits)}`, 8, y + ROW / 2);
  context.textAlign = "right";
  context.fillText(`${bps.toFixed(2)} bps`, width - 8, y + ROW / 2);
}

function BookTable({ book, priceDigits }: { book: BookFeed; priceDigits: number }) {
  useFeed(book, TABLE_EVERY_MS);
  const { bids, asks } = book.levels();
  const side = (name: string, levels: Level[]) =>
    levels.slice(0, TABLE_LEVELS).map((level) => (
      <tr key={level.price}>
        <td>{name}</td>
        <td>{fixed(level.price, priceDigits)}</td>
        <td>{level.quantity}</td>
      </tr>
    ));
  return (
    <table className="hidden-text" data-testid="book-table">
      <caption>The best levels of the order book, once a second</caption>
      <thead>
        <tr>
          <th scope="col">Side</th>
          <th scope="col">Price</th>
          <th scope="col">Quantity</th>
        </tr>
      </thead>
      <tbody>
        {side("Ask", asks)}
        {side("Bid", bids)}
      </tbody>
    </table>
  );
}
