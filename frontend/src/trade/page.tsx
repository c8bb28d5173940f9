// The Trade page: one symbol's market and one account's dealings in it.
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Instrument } from "../api/client";
import { useKeys } from "../app/keys";
import { usePrefs } from "../app/prefs";
import { useSession } from "../auth/session";
import { decimalsOf, fixed, quantity, signed, tone } from "../format/numbers";
import type { AccountFeed } from "../live/account";
import { useFeed, useNow } from "../live/feed";
import { useAccount, useAway, useBook, useLink, useTickers, useTrades } from "../live/link";
import type { TickerFeed } from "../live/market";
import { STALE_MS } from "./age";
import { Blotter } from "./blotter";
import { Book } from "./book";
import { Chart } from "./chart";
import { find, useInstruments } from "./instruments";
import { Tape } from "./tape";
import { Ticket } from "./ticket";
import { Moved, Watch } from "./watch";

export function TradePage({ symbol }: { symbol: string }) {
  const who = useSession();
  const set = usePrefs((prefs) => prefs.set);
  const { data: instruments } = useInstruments();
  const instrument = find(instruments, symbol);
  const tickers = useTickers();
  const book = useBook(symbol);
  const trades = useTrades(symbol);
  const account = useAccount(who.account);
  const away = useAway();
  const [picked, setPicked] = useState({ price: "", count: 0 });
  const pick = useCallback((price: string) => {
    setPicked((before) => ({ price, count: before.count + 1 }));
  }, []);
  useEffect(() => {
    if (instrument) set({ symbol });
  }, [instrument, symbol, set]);

  const version = useFeed(account, 100);
  // Only orders of this symbol concern its book and chart; the same ones are the same array.
  const open = account.openOrders().filter((order) => order.symbol === symbol);
  const signature = open.map((o) => `${o.order_id}${String(o.remaining_quantity)}`).join();
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const openOrders = useMemo(() => open, [signature, symbol]);

  if (instruments && !instrument) return <Unknown symbol={symbol} />;
  return (
    <main className="trade" data-version={version}>
      <Strip symbol={symbol} instruments={instruments} tickers={tickers} account={account} />
      <div className="left">
        <Watch feed={tickers} instruments={instruments} symbol={symbol} />
        <Tape feed={trades} {...(instrument ? { instrument } : {})} />
      </div>
      <Chart symbol={symbol} trades={trades} instrument={instrument} openOrders={openOrders} />
      <Book book={book} instrument={instrument} openOrders={openOrders} onPrice={pick} />
      <LiveTicket
        symbol={symbol}
        instrument={instrument}
        tickers={tickers}
        account={account}
        away={away}
        bookHeardAt={() => book.heardAt}
        picked={picked}
      />
      <Blotter account={account} instruments={instruments} away={away} />
    </main>
  );
}

function Unknown({ symbol }: { symbol: string }) {
  const navigate = useNavigate();
  return (
    <main className="page">
      <p>{symbol} is not listed.</p>
      <button
        type="button"
        className="plain"
        onClick={() => void navigate({ to: "/trade/$symbol", params: { symbol: "BTCUSDT" } })}
      >
        Go to BTCUSDT
      </button>
    </main>
  );
}

interface LiveTicketProps {
  symbol: string;
  instrument: Instrument | undefined;
  tickers: TickerFeed;
  account: AccountFeed;
  /** Which services behind orders and P&L are not well. */
  away: string;
  bookHeardAt: () => number;
  picked: { price: string; count: number };
}

/** The ticket with the market's best prices, locked while they are old. */
function LiveTicket({ away, bookHeardAt, tickers, ...props }: LiveTicketProps) {
  useFeed(tickers, 500);
  const now = useNow(500);
  const { status } = useLink();
  const ticker = tickers.tickers.get(props.symbol);
  const heardAt = Math.max(bookHeardAt(), tickers.seenAt.get(props.symbol) ?? 0);
  const age = now - heardAt;
  const locked =
    status !== "open"
      ? "Locked: not connected"
      : away
        ? `Locked: ${away} away`
        : !heardAt
          ? "Locked: no market data yet"
          : age > STALE_MS
            ? `Locked: the market data are ${Math.floor(age / 1000)} s old`
            : "";
  return (
    <>
      <div className="panel ticket">
        <Ticket {...props} bid={ticker?.bid ?? null} ask={ticker?.ask ?? null} locked={locked} />
        <Equity account={props.account} away={away} />
      </div>
    </>
  );
}

function Equity({ account, away }: { account: AccountFeed; away: string }) {
  useFeed(account, 250);
  const { pnl } = account;
  const money = (value: number | null | undefined) => (
    <dd className={tone(value)}>{signed(value)}</dd>
  );
  return (
    <section aria-label="Profit and loss" className={away ? "greyed" : ""}>
      {away && (
        <span className="badge warn" role="status" data-testid="away">
          not live: {away} away
        </span>
      )}
      <dl className="facts" data-testid="pnl">
        <dt>Equity</dt>
        <dd>
          {fixed(pnl?.equity, 2)} {pnl?.currency}
        </dd>
        <dt>Cash</dt>
        <dd>{fixed(pnl?.cash, 2)}</dd>
        <dt>Unrealised</dt>
        {money(pnl?.unrealized_pnl)}
        <dt>Realised</dt>
        {money(pnl?.realized_pnl)}
        <dt>Fees</dt>
        <dd>{fixed(pnl?.fees, 2)}</dd>
        <dt>Total P&L</dt>
        {money(pnl?.total_pnl)}
      </dl>
    </section>
  );
}

interface StripProps {
  symbol: string;
  instruments: Instrument[] | undefined;
  tickers: TickerFeed;
  account: AccountFeed;
}

function Strip({ symbol, instruments, tickers }: StripProps) {
  useFeed(tickers, 250);
  const navigate = useNavigate();
  const chooser = useRef<HTMLSelectElement>(null);
  useKeys({ "/": () => chooser.current?.focus() });
  const instrument = find(instruments, symbol);
  const digits = decimalsOf(instrument?.tick_size ?? 0.01);
  const ticker = tickers.tickers.get(symbol);
  const facts: [string, string][] = [
    ["Bid", fixed(ticker?.bid, digits)],
    ["Ask", fixed(ticker?.ask, digits)],
    ["Volume", quantity(ticker?.volume)],
    ["Venue", ticker?.venue ?? "–"],
  ];
  return (
    <section className="strip" aria-label="Market">
      <h1 className="hidden-text">Trade {symbol}</h1>
      <label className="field">
        <span className="hidden-text">Symbol</span>
        <select
          ref={chooser}
          value={symbol}
          onChange={(event) =>
            void navigate({ to: "/trade/$symbol", params: { symbol: event.target.value } })
          }
        >
          {(instruments?.map((one) => one.symbol) ?? [symbol]).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <span className="last" data-testid="last">
        <Moved value={ticker?.last_price} text={fixed(ticker?.last_price, digits)} />
      </span>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
