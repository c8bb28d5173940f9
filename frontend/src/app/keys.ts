// The keyboard: single keys where nobody types, `g` then a letter for pages.
import { useEffect, useRef } from "react";

const PAGE_KEY_MS = 1000;

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.matches("input, textarea, select") || target.isContentEditable)
  );
}

/** Return how a key is spelled in a table of keys. */
function nameOf(event: KeyboardEvent): string {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return ctrl + event.key;
}

/** Call `keys[name]` when that key is pressed; those with Ctrl also while somebody types. */
export function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    let leaderAt = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.defaultPrevented || event.repeat) return;
      const name = nameOf(event);
      if (isTyping(event) && !name.startsWith("Ctrl+")) return;
      const now = Date.now();
      const isSecond = now - leaderAt < PAGE_KEY_MS;
      leaderAt = name === "g" ? now : 0;
      const action = latest.current[isSecond ? `g ${name}` : name];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
    };
  }, []);
}
