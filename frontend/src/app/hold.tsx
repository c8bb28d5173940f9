// A button that acts only when it is held for a second: by pointer, by Space or Enter, or by
// its own chord (Shift and Escape). Letting go earlier does nothing.
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";

export const HOLD_MS = 1000;

interface Props {
  children: ReactNode;
  label: string;
  disabled?: boolean;
  hasChord?: boolean;
  onHeld: () => void;
}

export function HoldButton({ children, label, disabled = false, hasChord, onHeld }: Props) {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const release = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    setHeld(false);
  }, []);
  const press = useCallback(() => {
    if (disabled || timer.current !== undefined) return;
    setHeld(true);
    timer.current = setTimeout(() => {
      release();
      onHeld();
    }, HOLD_MS);
  }, [disabled, onHeld, release]);

  useEffect(() => release, [release]);
  useEffect(() => {
    if (!hasChord) return;
    const down = (event: KeyboardEvent) => {
      if (event.key === "Escape" && event.shiftKey) press();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === "Escape" || event.key === "Shift") release();
    };
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", release);
    };
  }, [hasChord, press, release]);

  return (
    <button
      type="button"
      className="plain hold"
      aria-label={label}
      title={label}
      disabled={disabled}
      data-held={isHeld ? "" : undefined}
      onPointerDown={press}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
      onKeyDown={(event) => {
        if (event.key === " " || event.key === "Enter") press();
      }}
      onKeyUp={release}
      onBlur={release}
    >
      {children}
    </button>
  );
}
