// What a dry run found: counts, and the orders by which it shows.
import { quantity as shown } from "../format/numbers";
import { type Findings, type PastOrder, utcOf } from "./trial";

export function FindingsPanel({ findings, tried }: { findings: Findings; tried: string }) {
  if (findings.orders === 0) {
    return <p className="empty">{tried}. No order was judged on that day.</p>;
  }
  const codes = Object.entries(findings.by_code).sort(([, a], [, b]) => b - a);
  const counts: [string, number][] = [
    ["Judged", findings.orders],
    ["Would be refused", findings.refused],
    ["Would pass", findings.passed],
    ["Not judged", findings.unjudged],
  ];
  return (
    <section aria-label="What was found" className="found">
      <h3>{tried}</h3>
      <dl className="counts">
        {counts.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{shown(count)}</dd>
          </div>
        ))}
        {codes.map(([code, count]) => (
          <div key={code}>
            <dt>{code}</dt>
            <dd>{shown(count)}</dd>
          </div>
        ))}
      </dl>
      {findings.reproduced < findings.orders - findings.unjudged && (
        <p className="warn">
          Of {shown(findings.orders)} verdicts {shown(findings.reproduced)} come out again as they
          were, by the limits of then: the others hang on something that the logs do not have.
        </p>
      )}
      <Orders
        title="Would be refused"
        empty="No order of that day would have been refused that passed."
        orders={findings.would_refuse}
        count={findings.refused}
        reasons={(order) => order.found}
      />
      {findings.passed > 0 && (
        <Orders
          title="Would pass"
          empty=""
          orders={findings.would_pass}
          count={findings.passed}
          reasons={(order) => order.said}
        />
      )}
      <p className="dim">{findings.how}</p>
    </section>
  );
}

function Orders(props: {
  title: string;
  empty: string;
  orders: readonly PastOrder[];
  count: number;
  reasons: (order: PastOrder) => PastOrder["found"];
}) {
  const { title, orders, count } = props;
  if (count === 0) return <p className="empty">{props.empty}</p>;
  const part = orders.length < count ? `, the first ${shown(orders.length)} of ` : ", ";
  return (
    // A region that scrolls is reached by the keyboard.
    <div className="sheet" role="region" aria-label={title} tabIndex={0}>
      <table className="rows" data-testid={title.toLowerCase().replaceAll(" ", "-")}>
        <caption>
          {title}
          {part}
          {shown(count)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            <th scope="col">Account</th>
            <th scope="col">Strategy</th>
            <th scope="col">Order</th>
            <th scope="col">Rule</th>
            <th scope="col" className="num">
              Asked
            </th>
            <th scope="col" className="num">
              Limit
            </th>
            <th scope="col" className="num">
              Would have passed
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {orders.flatMap((order) =>
            props.reasons(order).map((reason, place) => (
              <tr key={`${order.order_id} ${reason.code} ${place}`}>
                <td>{place === 0 ? utcOf(order.at_ns) : ""}</td>
                <td>{place === 0 ? order.account : ""}</td>
                <td>{place === 0 ? order.strategy : ""}</td>
                <td>{place === 0 ? wordsOf(order) : ""}</td>
                <td>{reason.code}</td>
                <td className="num">{reason.asked || "–"}</td>
                <td className="num">{reason.limit || "–"}</td>
                <td className="num">{reason.would_pass || "–"}</td>
                <td className="wrap">{reason.text}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

function wordsOf(order: PastOrder): string {
  const at = order.price === null ? "at the market" : `at ${order.price}`;
  const mark = order.side === "BUY" ? "▲ Buy" : "▼ Sell";
  return `${mark} ${order.quantity} ${order.symbol} ${at}`;
}
