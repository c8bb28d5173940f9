// The pages by address. Whoever is not signed in sees the door, and then the page meant.
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  redirect,
  useRouter,
} from "@tanstack/react-router";
import { lineOf } from "../api/problem";
import { useSession } from "../auth/session";
import { HealthPage } from "../health/page";
import { RiskPage } from "../risk/page";
import { TradePage } from "../trade/page";
import { Frame } from "./frame";
import { usePrefs } from "./prefs";
import { SignIn } from "./sign_in";

function Entrance() {
  const { status } = useSession();
  if (status === "restoring") return <div className="door dim">Trade2026 …</div>;
  return status === "in" ? <Frame /> : <SignIn />;
}

function Failed({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main className="page">
      <h1>This page failed</h1>
      <p className="danger">{lineOf(error)}</p>
      <button type="button" className="plain" onClick={() => void router.invalidate()}>
        Draw it again
      </button>
    </main>
  );
}

const root = createRootRoute({
  component: Entrance,
  errorComponent: Failed,
  notFoundComponent: () => (
    <main className="page">
      <p>There is no page here.</p>
      <Link to="/">Go to Trade</Link>
    </main>
  ),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    // The router's own way of redirecting.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw redirect({ to: "/trade/$symbol", params: { symbol: usePrefs.getState().symbol } });
  },
});
const trade = createRoute({
  getParentRoute: () => root,
  path: "/trade/$symbol",
  component: function TradeOf() {
    const { symbol } = trade.useParams();
    return <TradePage key={symbol} symbol={symbol} />;
  },
});
const risk = createRoute({ getParentRoute: () => root, path: "/risk", component: RiskPage });
const health = createRoute({ getParentRoute: () => root, path: "/health", component: HealthPage });

export const router = createRouter({
  routeTree: root.addChildren([home, trade, risk, health]),
  defaultErrorComponent: Failed,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
