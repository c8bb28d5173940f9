// The page's one link and its feeds: made once, handed to whoever draws.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { gateway, must } from "../api/client";
import { accessToken, currentSession, onSession } from "../auth/session";
import { AccountFeed } from "./account";
import { useFeed } from "./feed";
import { HealthFeed } from "./health";
import { BookFeed, TickerFeed, type Trade, TradeFeed } from "./market";
import { dialOrigin, type LinkState, LiveSocket } from "./socket";

const socket = new LiveSocket(dialOrigin(), accessToken);
let who = "";

onSession(() => {
  const session = currentSession();
  if (session.status === "restoring" || session.name === who) return;
  who = session.name;
  // A token belongs to its socket: another person is another socket.
  socket.stop();
  if (session.status === "in") socket.start();
});
document.addEventListener("visibilitychange", () => {
  socket.setHidden(document.hidden);
});
window.addEventListener("online", () => {
  socket.nudge();
});

export const nudge = () => {
  socket.nudge();
};

export function useLink(): LinkState {
  return useSyncExternalStore(
    (listener) => socket.watch(listener),
    () => socket.state,
  );
}

const tickers = new TickerFeed();

/** Return the tickers of all symbols, streaming while somebody looks. */
export function useTickers(): TickerFeed {
  useEffect(
    () =>
      socket.subscribe("ticker:*", (message) => {
        tickers.take(message);
      }),
    [],
  );
  return tickers;
}

/** Return the book of a symbol. */
export function useBook(symbol: string): BookFeed {
  // The feed belongs to its symbol, whatever it holds by now.
  const book = useMemo(() => ({ symbol, feed: new BookFeed() }), [symbol]).feed;
  useEffect(
    () =>
      socket.subscribe(`book:${symbol}`, (message) => {
        book.take(message);
      }),
    [symbol, book],
  );
  return book;
}

/** Return the trades of a symbol, the newest before now included. */
export function useTrades(symbol: string): TradeFeed {
  const feed = useMemo(() => ({ symbol, feed: new TradeFeed() }), [symbol]).feed;
  useEffect(() => {
    const load = async () => {
      const params = { path: { symbol }, query: { limit: 100 } };
      const found = await must(gateway.GET("/trades/{symbol}", { params }));
      feed.backfill(found.map((one) => ({ ...one, ts_event_ns: one.timestamp_ns }) as Trade));
    };
    const quietly = () => {
      // The tape then begins with what streams; the banner tells that something is away.
      load().catch(() => undefined);
    };
    quietly();
    return socket.subscribe(`trades:${symbol}`, (message) => {
      if (message.kind === "gap" || (message.kind === "events" && message.isFirst)) quietly();
      feed.take(message);
    });
  }, [symbol, feed]);
  return feed;
}

/** Return an account's orders, fills, positions and P&L. */
export function useAccount(account: string): AccountFeed {
  const feed = useMemo(() => new AccountFeed(account), [account]);
  useEffect(() => feed.follow(socket), [feed]);
  return feed;
}

const CORE = ["oms", "risk", "ptrc", "pnl"];

/** Return which of the services behind orders and P&L are not well; empty when all are. */
export function useAway(): string {
  const feed = useHealth();
  useFeed(feed, 500);
  const isBad = (name: string) => (feed.components.get(name)?.state ?? "healthy") !== "healthy";
  return CORE.filter(isBad).join(", ");
}

/** Return how the components are. */
export function useHealth(): HealthFeed {
  const feed = useMemo(() => new HealthFeed(), []);
  useEffect(() => feed.follow(socket), [feed]);
  return feed;
}
