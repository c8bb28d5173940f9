// Hot data lives in plain maps outside React; what changed is published once a frame.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

const dirty = new Set<Feed>();
let frame = 0;

function publish() {
  frame = 0;
  const changed = [...dirty];
  dirty.clear();
  for (const feed of changed) feed.tell();
}

/** Something live that pages look at. */
export class Feed {
  /** Counts the changes: equal versions mean equal content. */
  version = 0;
  /** When news last came, by this page's clock, in ms; 0 before the first. */
  heardAt = 0;
  private readonly listeners = new Set<() => void>();

  /** Note that the content changed; those who look are told with the next frame. */
  changed(): void {
    this.version += 1;
    this.heardAt = Date.now();
    dirty.add(this);
    frame ||= requestAnimationFrame(publish);
  }

  /** Tell at once, without waiting for a frame: what the user did must be seen. */
  changedNow(): void {
    this.version += 1;
    this.heardAt = Date.now();
    dirty.delete(this);
    this.tell();
  }

  tell(): void {
    for (const listener of this.listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Draw again when the feed changes, at most every `leastMs`; returns the version drawn. */
export function useFeed(feed: Feed, leastMs = 250): number {
  const drawn = useRef({ version: feed.version, at: 0 });
  const subscribe = useCallback(
    (redraw: () => void) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const draw = () => {
        timer = undefined;
        drawn.current = { version: feed.version, at: Date.now() };
        redraw();
      };
      const off = feed.listen(() => {
        if (timer !== undefined) return;
        const wait = drawn.current.at + leastMs - Date.now();
        if (wait <= 0) draw();
        else timer = setTimeout(draw, wait);
      });
      drawn.current = { version: feed.version, at: 0 };
      return () => {
        clearTimeout(timer);
        off();
      };
    },
    [feed, leastMs],
  );
  return useSyncExternalStore(subscribe, () => drawn.current.version);
}

/** Return the time, in ms, anew every `everyMs`: for ages. */
export function useNow(everyMs = 500): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return now;
}
