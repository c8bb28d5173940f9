// What surrounds every page: navigation, the connection, the kill switch, who is signed in.
import { Modal, useMantineColorScheme } from "@mantine/core";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { logout, may, useSession } from "../auth/session";
import { useNow } from "../live/feed";
import { nudge, useLink } from "../live/link";
import { HoldButton } from "./hold";
import { useKeys } from "./keys";
import { scopeOf, useModes } from "./modes";
import { usePrefs } from "./prefs";

const KEYS: [string, string][] = [
  ["g t", "Trade"],
  ["g r", "Risk"],
  ["g y", "Health"],
  ["/", "Choose the symbol"],
  ["b, s", "Buy, sell"],
  ["↑ ↓", "Price by a tick, in the price field"],
  ["Ctrl Enter", "Send the order"],
  ["j, k", "Next, previous open order"],
  ["x", "Cancel the selected order"],
  ["Shift Esc", "Hold for a second: the kill switch"],
  ["?", "This help"],
];

export function Frame() {
  const who = useSession();
  const navigate = useNavigate();
  const symbol = usePrefs((prefs) => prefs.symbol);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const modes = useModes();
  const isDark = colorScheme !== "light";
  const isKeeper = may(who, "kill");

  useKeys({
    "g t": () => void navigate({ to: "/trade/$symbol", params: { symbol } }),
    "g r": () => void navigate({ to: "/risk" }),
    "g y": () => void navigate({ to: "/health" }),
    "?": () => {
      setHelpOpen(true);
    },
  });

  return (
    <div className="frame">
      <header className="bar">
        <span className="brand">Trade2026</span>
        <nav aria-label="Pages">
          <Link to="/trade/$symbol" params={{ symbol }}>
            Trade
          </Link>
          <Link to="/risk">Risk</Link>
          <Link to="/health">Health</Link>
        </nav>
        <LinkBadge />
        <span className="push" />
        <span className="dim">
          {who.name} · <span data-testid="account">{who.account}</span>
        </span>
        <HoldButton
          hasChord
          disabled={!isKeeper}
          label={
            isKeeper
              ? `Kill: hold for a second to halt trading of ${scopeOf(who)} and cancel its open orders`
              : "Kill: halting trading needs the role risk or admin"
          }
          onHeld={() => void modes.kill()}
        >
          Kill
        </HoldButton>
        <button
          type="button"
          className="plain quiet"
          aria-label={isDark ? "Light theme" : "Dark theme"}
          onClick={() => {
            setColorScheme(isDark ? "light" : "dark");
          }}
        >
          {isDark ? "☀" : "☾"}
        </button>
        <button
          type="button"
          className="plain quiet"
          aria-label="Help: keys"
          onClick={() => {
            setHelpOpen(true);
          }}
        >
          ?
        </button>
        <button type="button" className="plain quiet" onClick={() => void logout()}>
          Sign out
        </button>
      </header>
      <div aria-live="polite">
        <CutBanner />
        {modes.restricted.map(({ scope, mode }) => (
          <div className="banner halt" key={scope} role="status">
            <strong className="danger">
              Trading of {scope} is {mode}
            </strong>
            <span className="dim">New orders are refused by risk.</span>
            {isKeeper && (
              <HoldButton
                label={`Hold to resume trading of ${scope}, for a second`}
                onHeld={() => void modes.resume(scope)}
              >
                Hold to resume
              </HoldButton>
            )}
          </div>
        ))}
      </div>
      <Outlet />
      <Modal
        opened={isHelpOpen}
        onClose={() => {
          setHelpOpen(false);
        }}
        title="Keys"
        centered
        transitionProps={{ duration: 80 }}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <div className="keys">
          {KEYS.map(([key, what]) => (
            <div key={key} style={{ display: "contents" }}>
              <span>
                <kbd>{key}</kbd>
              </span>
              <span>{what}</span>
            </div>
          ))}
        </div>
      </Modal>
    </div>
  );
}

function LinkBadge() {
  const { status } = useLink();
  const [text, tone] =
    status === "open"
      ? ["live", "up"]
      : status === "cut"
        ? ["disconnected", "danger"]
        : ["connecting", "warn"];
  return (
    <span className={`dot ${tone}`} data-testid="link">
      {text}
    </span>
  );
}

function CutBanner() {
  const { status, cutAt, attempt } = useLink();
  const now = useNow(500);
  if (!cutAt || status === "open" || now - cutAt < 1000) return null;
  return (
    <div className="banner" role="status">
      <strong className="warn">Disconnected for {Math.floor((now - cutAt) / 1000)} s</strong>
      <span className="dim">
        What is shown is the last that was known. Try {attempt}; it goes on where it stopped.
      </span>
      <button type="button" className="plain" onClick={nudge}>
        Try now
      </button>
    </div>
  );
}
