// The modes of trading: which scopes are halted, and the switch itself.
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { must, risk } from "../api/client";
import { lineOf } from "../api/problem";
import { isEverywhere, type Session, useSession } from "../auth/session";

const GLOBAL = "global";

/** Return the scope that the kill switch of this person covers. */
export function scopeOf(who: Session): string {
  return isEverywhere(who) ? GLOBAL : `account:${who.account}`;
}

export interface Modes {
  /** The scopes that cover the account and are not normal. */
  restricted: { scope: string; mode: string }[];
  kill: () => Promise<void>;
  resume: (scope: string) => Promise<void>;
}

export function useModes(): Modes {
  const who = useSession();
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: ["modes"],
    queryFn: () => must(risk.GET("/risk/modes")),
    refetchInterval: 3000,
    enabled: who.status === "in",
  });
  const covering = [GLOBAL, `account:${who.account}`];
  const restricted = Object.entries(data ?? {})
    .filter(([scope, mode]) => covering.includes(scope) && mode !== "NORMAL")
    .map(([scope, mode]) => ({ scope, mode }));

  const switched = async (asked: Promise<unknown>, done: string) => {
    try {
      await asked;
      notifications.show({ message: done, color: "gray" });
    } catch (error) {
      notifications.show({ title: "Not done", message: lineOf(error), color: "red" });
    }
    await client.invalidateQueries({ queryKey: ["modes"] });
  };
  return {
    restricted,
    kill: () => {
      const scope = scopeOf(who);
      const body = { scope, flatten: false, reason: "kill switch held in the application" };
      return switched(
        must(risk.POST("/risk/kill", { body })),
        `Trading of ${scope} is halted; its open orders are being cancelled`,
      );
    },
    resume: (scope) =>
      switched(
        must(
          risk.POST("/risk/resume", {
            body: { scope, rearm: false, reason: "resumed in the application" },
          }),
        ),
        `Trading of ${scope} is allowed again`,
      ),
  };
}
