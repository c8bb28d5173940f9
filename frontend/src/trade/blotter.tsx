// What the account does and has: open orders, all orders, fills, positions.
import { notifications } from "@mantine/notifications";
import { type ReactNode, useState } from "react";
import { type Instrument, must, oms, type Order } from "../api/client";
import { lineOf } from "../api/problem";
import { useKeys } from "../app/keys";
import { may, useSession } from "../auth/session";
import { decimalsOf, fixed, quantity, signed, timeOf, tone } from "../format/numbers";
import { type AccountFeed, DONE } from "../live/account";
import { useFeed } from "../live/feed";

const TABS = ["Open", "Orders", "Fills", "Positions"] as const;
type Tab = (typeof TABS)[number];
const ROWS_SHOWN = 200;

interface Props {
  account: AccountFeed;
  instruments: Instrument[] | undefined;
  /** Which services behind orders and P&L are not well. */
  away: string;
}
interface Column<Row> {
  name: string;
  isNumber?: boolean;
  cell: (row: Row) => ReactNode;
}

export function Blotter({ account, instruments, away }: Props) {
  // The user's own actions are published at once; four times a second bounds the rest.
  useFeed(account, 100);
  const who = useSession();
  const mayTrade = may(who, "trade");
  const [tab, setTab] = useState<Tab>("Open");
  const [selected, setSelected] = useState("");
  const open = account.openOrders();
  const positions = [...account.positions.values()];
  const held = positions.filter((one) => one.quantity !== 0).length;
  const digitsOf = (symbol: string) =>
    decimalsOf(instruments?.find((one) => one.symbol === symbol)?.tick_size ?? 0.01);

  const cancel = async (order: Order) => {
    try {
      const params = { path: { order_id: order.order_id } };
      account.show(await must(oms.DELETE("/orders/{order_id}", { params })));
    } catch (error) {
      notifications.show({ title: "Not cancelled", message: lineOf(error), color: "red" });
    }
  };
  const cancelAll = async () => {
    try {
      const params = { query: { account: account.account } };
      const { order_ids } = await must(oms.DELETE("/orders", { params }));
      notifications.show({ message: `Cancelling ${order_ids.length} orders`, color: "gray" });
    } catch (error) {
      notifications.show({ title: "Not cancelled", message: lineOf(error), color: "red" });
    }
  };
  const step = (by: number) => {
    const index = open.findIndex((order) => order.order_id === selected);
    const next = open[Math.max(0, Math.min(open.length - 1, index + by))];
    if (next) setSelected(next.order_id);
  };
  useKeys({
    j: () => {
      step(1);
    },
    k: () => {
      step(-1);
    },
    x: () => {
      const order =
        open.find((one) => one.order_id === selected) ?? (open.length === 1 ? open[0] : undefined);
      if (order && mayTrade) void cancel(order);
    },
  });

  const counts: Record<Tab, number | null> = {
    Open: open.length,
    Orders: null,
    Fills: null,
    Positions: held,
  };
  return (
    <section className="panel blotter" aria-label="Blotter">
      <header>
        <div className="tabs" role="tablist" aria-label="Blotter">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-selected={tab === name}
              aria-controls="blotter-rows"
              className="plain quiet"
              onClick={() => {
                setTab(name);
              }}
            >
              {name}
              {counts[name] ? ` ${counts[name]}` : ""}
            </button>
          ))}
        </div>
        <span className="push" />
        {account.denied && <span className="danger">Refused by {account.denied}</span>}
        {account.problem && (
          <span role="alert">
            <span className="danger">{account.problem}</span>{" "}
            <button type="button" className="plain" onClick={() => void account.load()}>
              Try again
            </button>
          </span>
        )}
        <button
          type="button"
          className="plain"
          disabled={open.length === 0 || !mayTrade}
          onClick={() => void cancelAll()}
        >
          Cancel all
        </button>
      </header>
      <div
        className={`scroll${account.problem || away ? " greyed" : ""}`}
        id="blotter-rows"
        role="tabpanel"
        aria-labelledby={`tab-${tab}`}
        tabIndex={0}
      >
        {!account.isLoaded && !account.problem ? (
          <Skeleton />
        ) : tab === "Fills" ? (
          <Rows
            rows={account.fillsByTime().slice(0, ROWS_SHOWN)}
            keyOf={(fill) => `${fill.venue} ${fill.exec_id}`}
            empty="No fills yet. An order that trades shows here at once."
            columns={[
              { name: "Time", cell: (fill) => timeOf(fill.ts_event_ns) },
              { name: "Symbol", cell: (fill) => fill.symbol },
              { name: "Side", cell: (fill) => <SideOf side={fill.side} /> },
              { name: "Quantity", isNumber: true, cell: (fill) => quantity(fill.quantity) },
              {
                name: "Price",
                isNumber: true,
                cell: (fill) => fixed(fill.price, digitsOf(fill.symbol)),
              },
              { name: "Fee", isNumber: true, cell: (fill) => fixed(fill.fee, 4) },
              { name: "Liquidity", cell: (fill) => fill.liquidity },
              { name: "Strategy", cell: (fill) => fill.strategy },
            ]}
          />
        ) : tab === "Positions" ? (
          <Rows
            rows={positions}
            keyOf={(one) => `${one.strategy} ${one.venue} ${one.symbol}`}
            empty="Nothing was ever held on this account."
            columns={[
              { name: "Symbol", cell: (one) => one.symbol },
              { name: "Strategy", cell: (one) => one.strategy },
              {
                name: "Quantity",
                isNumber: true,
                cell: (one) => (
                  <span className={tone(one.quantity)}>
                    {(one.quantity ?? 0) > 0 ? "▲ " : (one.quantity ?? 0) < 0 ? "▼ " : ""}
                    {quantity(one.quantity)}
                  </span>
                ),
              },
              {
                name: "Average",
                isNumber: true,
                cell: (one) => fixed(one.average_price, digitsOf(one.symbol)),
              },
              {
                name: "Unrealised",
                isNumber: true,
                cell: (one) => <Money value={one.unrealized_pnl} />,
              },
              {
                name: "Realised",
                isNumber: true,
                cell: (one) => <Money value={one.realized_pnl} />,
              },
              { name: "Fees", isNumber: true, cell: (one) => fixed(one.fees, 2) },
            ]}
          />
        ) : (
          <Rows
            rows={(tab === "Open" ? open : account.ordersByTime()).slice(0, ROWS_SHOWN)}
            keyOf={(order) => order.order_id}
            empty={
              tab === "Open"
                ? "No open orders. Fill in the ticket and press Ctrl Enter."
                : "No orders yet on this account."
            }
            selected={selected}
            onSelect={setSelected}
            columns={[
              ...orderColumns(digitsOf),
              {
                name: "Cancel",
                cell: (order) =>
                  DONE.has(order.status) ? null : (
                    <button
                      type="button"
                      className="plain x"
                      aria-label={`Cancel ${order.side} ${order.symbol}`}
                      disabled={!mayTrade || order.status === "PENDING_CANCEL"}
                      onClick={() => void cancel(order)}
                    >
                      ×
                    </button>
                  ),
              },
            ]}
          />
        )}
      </div>
    </section>
  );
}

function orderColumns(digitsOf: (symbol: string) => number): Column<Order>[] {
  return [
    { name: "Time", cell: (order) => timeOf(order.created_ns) },
    { name: "Symbol", cell: (order) => order.symbol },
    { name: "Side", cell: (order) => <SideOf side={order.side} /> },
    { name: "Type", cell: (order) => `${order.type} ${order.time_in_force}` },
    { name: "Quantity", isNumber: true, cell: (order) => quantity(order.quantity) },
    {
      name: "Price",
      isNumber: true,
      cell: (order) => fixed(order.price, digitsOf(order.symbol)),
    },
    { name: "Filled", isNumber: true, cell: (order) => quantity(order.filled_quantity) },
    {
      name: "Average",
      isNumber: true,
      cell: (order) => fixed(order.average_price, digitsOf(order.symbol)),
    },
    { name: "Status", cell: (order) => <Status order={order} /> },
  ];
}

function Status({ order }: { order: Order }) {
  const isBad = ["RISK_REJECTED", "REJECTED", "FAILED"].includes(order.status);
  const why = order.reasons.map((reason) => reason.code).join(", ") || order.text;
  return (
    <span title={order.reasons.map((reason) => reason.text).join("\n") || order.text}>
      <span className={isBad ? "danger" : ""}>{order.status}</span>
      {why && <span className="dim"> {why}</span>}
    </span>
  );
}

function SideOf({ side }: { side: string }) {
  const isBuy = side === "BUY";
  return <span className={isBuy ? "up" : "down"}>{isBuy ? "▲ BUY" : "▼ SELL"}</span>;
}

function Money({ value }: { value: number | null | undefined }) {
  return <span className={tone(value)}>{signed(value)}</span>;
}

interface RowsProps<Row> {
  rows: Row[];
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  empty: string;
  selected?: string;
  onSelect?: (key: string) => void;
}

function Rows<Row>({ rows, columns, keyOf, empty, selected, onSelect }: RowsProps<Row>) {
  if (rows.length === 0) return <p className="empty">{empty}</p>;
  return (
    <table className="rows">
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col" key={column.name} className={column.isNumber ? "num" : ""}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <tr
              key={key}
              aria-selected={selected === undefined ? undefined : key === selected}
              onClick={() => onSelect?.(key)}
            >
              {columns.map((column) => (
                <td key={column.name} className={column.isNumber ? "num" : ""}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Skeleton() {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: 5 }, (_, index) => (
        <div className="skeleton" key={index} />
      ))}
    </div>
  );
}
