// The ticket: a draft, checked here by the venue's filters, tried out at risk before it is
// sent, and sent once: the same key goes with every try of one submit.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Instrument, must, oms, type Order, type Reason, risk } from "../api/client";
import { ApiProblem, lineOf } from "../api/problem";
import { useKeys } from "../app/keys";
import { usePrefs } from "../app/prefs";
import { may, useSession } from "../auth/session";
import { decimalsOf, exactText, fixed, fromNanos, quantity as shown } from "../format/numbers";
import { type AccountFeed, DONE } from "../live/account";
import { useFeed } from "../live/feed";
import { check, type Draft, type Finding, moveBy, type OrderType, valueOf } from "./checks";

const VERDICT_AFTER_MS = 300;
const VERDICT_EVERY_MS = 2000;
const LARGE_STEP = 10;

interface Props {
  symbol: string;
  instrument: Instrument | undefined;
  account: AccountFeed;
  bid: number | null;
  ask: number | null;
  /** Why nothing may be sent at this moment; empty when it may. */
  locked: string;
  /** A price that was picked in the book. */
  picked: { price: string; count: number };
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function Ticket({ symbol, instrument, account, bid, ask, locked, picked }: Props) {
  const who = useSession();
  const prefs = usePrefs();
  const [draft, setDraft] = useState<Draft>({
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    price: "",
    quantity: prefs.orderQuantity[symbol] ?? "",
  });
  const edit = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
  };
  const [seenPick, setSeenPick] = useState(picked.count);
  if (seenPick !== picked.count) {
    setSeenPick(picked.count);
    edit({ price: picked.price, type: "LIMIT" });
  }
  // A price to begin with, once there is a market: where the order would rest.
  if (draft.price === "" && draft.type === "LIMIT" && bid !== null && instrument) {
    edit({ price: bid.toFixed(decimalsOf(instrument.tick_size ?? 0.01)) });
  }

  const reference = draft.side === "BUY" ? (ask ?? bid) : (bid ?? ask);
  const findings = instrument ? check(draft, instrument, reference) : [];
  const isComplete = instrument !== undefined && findings.length === 0;
  const { isBusy, outcome, send } = useSending(symbol, draft, account);
  const mayTrade = may(who, "trade");
  const why = !mayTrade
    ? "Trading needs the role trader or admin"
    : locked || (instrument?.is_trading === false ? `${symbol} does not trade` : "");
  const canSend = isComplete && !why && !isBusy;

  const submit = () => {
    if (!canSend) return;
    prefs.set({ orderQuantity: { ...prefs.orderQuantity, [symbol]: draft.quantity } });
    void send();
  };
  useKeys({
    b: () => {
      edit({ side: "BUY" });
    },
    s: () => {
      edit({ side: "SELL" });
    },
    "Ctrl+Enter": submit,
  });
  const onPriceKey = (event: KeyboardEvent) => {
    const way = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (!way || !instrument) return;
    event.preventDefault();
    edit({ price: moveBy(draft.price, way * (event.shiftKey ? LARGE_STEP : 1), instrument) });
  };

  const value = valueOf(draft, reference);
  const isBuy = draft.side === "BUY";
  return (
    <section className="panel ticket" aria-label="Order ticket">
      <header>
        <h2>Order</h2>
        {locked && <span className="badge warn push">locked</span>}
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        noValidate
      >
        <div className="sides" role="group" aria-label="Side">
          {(["BUY", "SELL"] as const).map((side) => (
            <button
              key={side}
              type="button"
              className={`plain ${side === "BUY" ? "buy" : "sell"}`}
              aria-pressed={draft.side === side}
              onClick={() => {
                edit({ side });
              }}
            >
              {side === "BUY" ? "▲ Buy" : "▼ Sell"}
            </button>
          ))}
        </div>
        <div className="pair">
          <label className="field">
            Type
            <select
              value={draft.type}
              onChange={(event) => {
                edit({ type: event.target.value as OrderType });
              }}
            >
              <option value="LIMIT">Limit</option>
              <option value="MARKET">Market</option>
            </select>
          </label>
          <label className="field">
            In force
            <select
              title="GTC: until cancelled. IOC: at once, the rest is cancelled. FOK: all at once or nothing."
              value={
                draft.type === "MARKET" && draft.timeInForce === "GTC" ? "IOC" : draft.timeInForce
              }
              onChange={(event) => {
                edit({ timeInForce: event.target.value });
              }}
            >
              {draft.type === "LIMIT" && <option value="GTC">GTC</option>}
              <option value="IOC">IOC</option>
              <option value="FOK">FOK</option>
            </select>
          </label>
        </div>
        {draft.type === "LIMIT" && (
          <Field
            name="price"
            label={`Price, ${instrument?.quote ?? ""}`}
            value={draft.price}
            findings={findings}
            onChange={(price) => {
              edit({ price });
            }}
            onKeyDown={onPriceKey}
          />
        )}
        <Field
          name="quantity"
          label={`Quantity, ${instrument?.base ?? ""}`}
          value={draft.quantity}
          findings={draft.quantity === "" ? [] : findings}
          onChange={(quantity) => {
            edit({ quantity });
          }}
        />
        <div className="dim">
          Value{" "}
          <span className="num">
            {value === null ? "–" : fixed(Number(fromNanos(value)), 2)} {instrument?.quote}
          </span>
        </div>
        <PreTrade symbol={symbol} draft={draft} account={account.account} isComplete={isComplete} />
        <button
          type="submit"
          className={`send ${isBuy ? "buy" : "sell"}`}
          disabled={!canSend}
          title="Ctrl Enter"
        >
          {isBusy
            ? "Sending …"
            : `${isBuy ? "▲ Buy" : "▼ Sell"} ${draft.quantity} ${instrument?.base ?? ""}`}
        </button>
        {why && <div className="warn">{why}</div>}
        <Outcome outcome={outcome} account={account} />
      </form>
    </section>
  );
}

interface FieldProps {
  name: Finding["field"];
  label: string;
  value: string;
  findings: Finding[];
  onChange: (value: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

function Field({ name, label, value, findings, onChange, onKeyDown }: FieldProps) {
  const found = findings.find((one) => one.field === name);
  return (
    <div>
      <label className="field">
        {label}
        <input
          className="num"
          name={name}
          inputMode="decimal"
          autoComplete="off"
          value={value}
          aria-invalid={found !== undefined}
          aria-describedby={`${name}-finding`}
          onChange={(event) => {
            onChange(event.target.value.trim());
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div id={`${name}-finding`} className="danger" aria-live="polite">
        {found?.text}
      </div>
    </div>
  );
}

/** What risk would say of the draft at this moment. */
function PreTrade(props: { symbol: string; draft: Draft; account: string; isComplete: boolean }) {
  const { symbol, draft, account, isComplete } = props;
  const [settled, setSettled] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(draft);
    }, VERDICT_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [draft]);
  const { data, error } = useQuery({
    queryKey: ["verdict", symbol, account, settled],
    queryFn: () =>
      must(risk.POST("/check", { body: { ...bodyOf(symbol, account, settled), dry_run: true } })),
    enabled: isComplete && settled === draft,
    refetchInterval: VERDICT_EVERY_MS,
    retry: false,
  });
  return (
    <div className="verdict" aria-live="polite" data-testid="verdict">
      {!isComplete ? (
        <span className="dim">Risk looks at a complete order before it is sent.</span>
      ) : error ? (
        <span className="warn">Risk cannot be asked: {lineOf(error)}</span>
      ) : !data ? (
        <span className="dim">Asking risk …</span>
      ) : data.approved ? (
        <>
          <span className="up">✓ Risk would approve</span>
          <div className="dim">holds {fixed(data.reserved, 2)} of buying power</div>
        </>
      ) : (
        <>
          <span className="danger">✗ Risk would refuse</span>
          <Reasons reasons={data.reasons} />
        </>
      )}
    </div>
  );
}

function Reasons({ reasons }: { reasons: Reason[] }) {
  return (
    <ul>
      {reasons.map((reason) => (
        <li key={reason.code}>
          <strong>{reason.code}</strong> {reason.text}
          {reason.limit && <div className="dim">limit {reason.limit}</div>}
          {reason.would_pass && <div className="dim">would pass: {reason.would_pass}</div>}
        </li>
      ))}
    </ul>
  );
}

function bodyOf(symbol: string, account: string, draft: Draft) {
  return {
    symbol,
    side: draft.side,
    quantity: draft.quantity,
    type: draft.type,
    reduce_only: false,
    post_only: false,
    stp: "CANCEL_NEWEST",
    time_in_force: draft.timeInForce,
    account,
    strategy: "manual",
    venue: "AUTO",
    ...(draft.type === "LIMIT" ? { price: draft.price } : {}),
  };
}

type Sent = { orderId: string } | { problem: string } | null;

/** Sends the draft; a try that was not answered is repeated under the same key. */
function useSending(symbol: string, draft: Draft, account: AccountFeed) {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Sent>(null);
  const unanswered = useRef<{ key: string; body: string; isUnknown: boolean } | null>(null);
  const send = async () => {
    const body = bodyOf(symbol, account.account, draft);
    const text = JSON.stringify(body);
    // Whether an unanswered order exists is unknown: asking for the same again finds it.
    const before = unanswered.current?.body === text ? unanswered.current : null;
    const key = before?.key ?? newKey();
    unanswered.current = { key, body: text, isUnknown: before?.isUnknown ?? false };
    setBusy(true);
    setOutcome(null);
    try {
      const order = await must(oms.POST("/orders", { body: { ...body, client_order_id: key } }));
      unanswered.current = null;
      account.show(order);
      setOutcome({ orderId: order.order_id });
    } catch (error) {
      const isRefused = error instanceof ApiProblem && error.status >= 400 && error.status < 500;
      // A refusal of this try says nothing of an earlier one that was not answered.
      const isAnswered = isRefused && !before?.isUnknown;
      unanswered.current = isAnswered ? null : { key, body: text, isUnknown: true };
      const hint = isAnswered ? "" : "; whether it was placed is unknown, sending again is safe";
      setOutcome({ problem: lineOf(error) + hint });
    }
    setBusy(false);
  };
  return { isBusy, outcome, send };
}

function Outcome({ outcome, account }: { outcome: Sent; account: AccountFeed }) {
  useFeed(account, 0);
  const order = outcome && "orderId" in outcome ? account.orders.get(outcome.orderId) : undefined;
  return (
    <div aria-live="assertive" data-testid="outcome">
      {outcome && "problem" in outcome && <span className="danger">{outcome.problem}</span>}
      {order && <Told order={order} />}
    </div>
  );
}

function Told({ order }: { order: Order }) {
  const isRefused = order.status === "RISK_REJECTED" || order.status === "REJECTED";
  const tone =
    isRefused || order.status === "FAILED" ? "danger" : DONE.has(order.status) ? "" : "up";
  const price = order.average_price ?? order.price;
  return (
    <div className="verdict">
      <strong className={tone}>{order.status}</strong> {order.side} {shown(order.quantity)}{" "}
      {order.symbol}
      {price !== null && ` @ ${exactText(price)}`}
      {order.text && <div className="dim">{order.text}</div>}
      <Reasons reasons={order.reasons} />
    </div>
  );
}
