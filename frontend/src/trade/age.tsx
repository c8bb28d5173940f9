// How old what is shown is: silent while it is fresh, a badge after two seconds.
import { useNow } from "../live/feed";

export const STALE_MS = 2000;

export function Age({ at }: { at: () => number }) {
  const now = useNow(500);
  const heardAt = at();
  if (!heardAt) return <span className="dim">waiting …</span>;
  const age = now - heardAt;
  if (age < STALE_MS) return null;
  return (
    <span className="badge warn" title="Nothing new came since">
      {Math.floor(age / 1000)} s old
    </span>
  );
}
