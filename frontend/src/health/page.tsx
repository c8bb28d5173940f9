// The Health page: the components of the platform as they are at this moment.
import { span } from "../format/numbers";
import { useFeed, useNow } from "../live/feed";
import type { HealthFeed } from "../live/health";
import { useHealth } from "../live/link";
import { Age } from "../trade/age";

const MARKS: Record<string, [string, string]> = {
  healthy: ["●", "up"],
  planned: ["○", "dim"],
  unhealthy: ["▲", "warn"],
  down: ["✕", "danger"],
};

export function HealthPage() {
  const feed = useHealth();
  useFeed(feed, 500);
  useNow(1000);
  const names = feed.places.size ? [...feed.places.keys()] : [...feed.components.keys()];
  const counts = new Map<string, number>();
  for (const { state } of feed.components.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <main className="page" aria-label="Health">
      <header className="bar">
        <h1>Health</h1>
        {[...counts].map(([state, count]) => (
          <span key={state} className={MARKS[state]?.[1] ?? "warn"}>
            {count} {state}
          </span>
        ))}
        <span className="push" />
        {feed.problem && (
          <span role="alert">
            <span className="danger">{feed.problem}</span>{" "}
            <button type="button" className="plain" onClick={() => void feed.load()}>
              Try again
            </button>
          </span>
        )}
        <Age at={() => feed.heardAt} />
      </header>
      <table className={`rows${feed.problem ? " greyed" : ""}`} data-testid="health">
        <thead>
          <tr>
            <th scope="col">Component</th>
            <th scope="col">State</th>
            <th scope="col">Version</th>
            <th scope="col" className="num">
              Uptime
            </th>
            <th scope="col" className="num">
              Lag
            </th>
            <th scope="col" className="num">
              Restarts
            </th>
            <th scope="col">Group</th>
            <th scope="col">Address</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <Component key={name} name={name} feed={feed} />
          ))}
        </tbody>
      </table>
      {names.length === 0 && !feed.problem && <p className="empty">Asking the components …</p>}
    </main>
  );
}

function Component({ name, feed }: { name: string; feed: HealthFeed }) {
  const found = feed.components.get(name);
  const place = feed.places.get(name);
  const state = found?.state ?? "planned";
  const [mark, colour] = MARKS[state] ?? ["▲", "warn"];
  const isPlanned = state === "planned";
  return (
    <tr className={isPlanned ? "dim" : ""} data-component={name} data-state={state}>
      <th scope="row">{name}</th>
      <td className={colour}>
        {mark} {state}
      </td>
      <td>{isPlanned ? "" : (found?.version ?? "–")}</td>
      <td className="num">{isPlanned ? "" : span(found?.uptime_s)}</td>
      <td className="num">{isPlanned ? "" : (found?.lag ?? "–")}</td>
      <td className="num">{isPlanned ? "" : (place?.restarts ?? "–")}</td>
      <td>{place?.group}</td>
      <td>{isPlanned ? "" : place?.address}</td>
      <td className="wrap">{found?.detail}</td>
    </tr>
  );
}
