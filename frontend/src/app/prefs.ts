// What the user prefers, kept in this browser. Hot data never comes here.
import { create } from "zustand";
import { persist } from "zustand/middleware";

interface Prefs {
  symbol: string;
  interval: string;
  orderQuantity: Record<string, string>;
  set: (change: Partial<Pick<Prefs, "symbol" | "interval" | "orderQuantity">>) => void;
}

export const usePrefs = create<Prefs>()(
  persist(
    (set) => ({
      symbol: "BTCUSDT",
      interval: "1m",
      orderQuantity: {},
      set: (change) => {
        set(change);
      },
    }),
    { name: "trade2026.prefs" },
  ),
);
