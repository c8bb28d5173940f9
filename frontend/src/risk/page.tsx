// The Risk page: which orders of a past day would other limits have refused?
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { must, risk } from "../api/client";
import { lineOf } from "../api/problem";
import { may, useSession } from "../auth/session";
import { quantity as shown } from "../format/numbers";
import { FindingsPanel } from "./findings";
import {
  bodyOf,
  type Draft,
  type Field,
  type LimitName,
  LIMITS,
  problemsOf,
  type ScopeKind,
  standing,
  todayOf,
  unitOf,
  wordsOf,
} from "./trial";

const LOOK_EVERY_MS = 500;
const SCOPES: readonly [ScopeKind, string][] = [
  ["default", "Every order"],
  ["symbol", "A symbol"],
  ["account", "An account"],
  ["strategy", "A strategy"],
];
const UNITS = { quantity: "units", money: "USDT", count: "", bps: "bps" } as const;

export function RiskPage() {
  const who = useSession();
  const [draft, setDraft] = useState<Draft>(() => ({
    day: todayOf(new Date()),
    kind: "default",
    of: "",
    limit: "max_order_value",
    value: "",
  }));
  const [isTried, setTried] = useState(false);
  const limits = useQuery({
    queryKey: ["limits"],
    queryFn: () => must(risk.GET("/risk/limits")),
  });
  const begin = useMutation({
    mutationFn: (tried: Draft) => must(risk.POST("/risk/dry-run", { body: bodyOf(tried) })),
  });
  const runId = begin.data?.run_id ?? "";
  const run = useQuery({
    queryKey: ["dry-run", runId],
    queryFn: () =>
      must(risk.GET("/risk/dry-run/{run_id}", { params: { path: { run_id: runId } } })),
    enabled: runId !== "",
    refetchInterval: ({ state }) => (state.data?.state === "RUNNING" ? LOOK_EVERY_MS : false),
    retry: false,
  });
  const problems = problemsOf(draft);
  const mayTry = may(who, "kill");
  const isRunning = begin.isPending || (runId !== "" && !run.error && !isOver(run.data?.state));
  const edit = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
  };
  const said = (field: Field) => (isTried ? problems[field] : undefined);
  const now = standing(draft, limits.data ?? []);
  const unit = UNITS[unitOf(draft.limit)];

  return (
    <main className="page" aria-label="Risk">
      <h1>Risk</h1>
      <section aria-labelledby="dry-run" className="trial">
        <h2 id="dry-run">Try a limit on a past day</h2>
        <p className="dim">
          Judges every order of the day again, with this limit in the place of all that was set for
          its scope. Nothing changes.
        </p>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (Object.keys(problems).length === 0 && mayTry && !isRunning) {
              begin.mutate(draft);
            }
          }}
        >
          <Labelled label="Day (UTC)" problem={said("day")} id="trial-day">
            <input
              id="trial-day"
              type="date"
              value={draft.day}
              {...told("trial-day", said("day"))}
              onChange={(event) => {
                edit({ day: event.target.value });
              }}
            />
          </Labelled>
          <Labelled label="Of" id="trial-kind">
            <select
              id="trial-kind"
              value={draft.kind}
              onChange={(event) => {
                edit({ kind: event.target.value as ScopeKind, of: "" });
              }}
            >
              {SCOPES.map(([kind, label]) => (
                <option key={kind} value={kind}>
                  {label}
                </option>
              ))}
            </select>
          </Labelled>
          {draft.kind !== "default" && (
            <Labelled label={`Which ${draft.kind}`} problem={said("of")} id="trial-of">
              <input
                id="trial-of"
                value={draft.of}
                autoComplete="off"
                spellCheck={false}
                {...told("trial-of", said("of"))}
                onChange={(event) => {
                  edit({ of: event.target.value });
                }}
              />
            </Labelled>
          )}
          <Labelled label="Limit" id="trial-limit">
            <select
              id="trial-limit"
              value={draft.limit}
              onChange={(event) => {
                edit({ limit: event.target.value as LimitName });
              }}
            >
              {LIMITS.map(({ name, label }) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </Labelled>
          <Labelled
            label={`At most${unit ? `, in ${unit}` : ""}`}
            problem={said("value")}
            hint={now === null ? "" : `now ${shown(now)}`}
            id="trial-value"
          >
            <input
              id="trial-value"
              className="num"
              inputMode="decimal"
              autoComplete="off"
              value={draft.value}
              {...told("trial-value", said("value"))}
              onChange={(event) => {
                edit({ value: event.target.value });
              }}
            />
          </Labelled>
          <button
            type="submit"
            className="plain"
            disabled={!mayTry || isRunning}
            title={mayTry ? undefined : "A dry run needs the role risk or admin"}
          >
            {isRunning ? "Judging …" : "Try it"}
          </button>
        </form>
        {!mayTry && <p className="warn">A dry run needs the role risk or admin.</p>}
      </section>
      <div aria-live="polite" data-testid="dry-run">
        {begin.error && <p className="danger">It did not begin: {lineOf(begin.error)}</p>}
        {run.error && <p className="danger">Its result cannot be read: {lineOf(run.error)}</p>}
        {run.data?.state === "FAILED" && <p className="danger">It failed: {run.data.error}</p>}
        {isRunning && <p className="empty">The orders of the day are judged again …</p>}
        {!isRunning && run.data?.findings && begin.variables && (
          <FindingsPanel findings={run.data.findings} tried={wordsOf(begin.variables)} />
        )}
        {!isRunning && !begin.error && runId === "" && (
          <p className="empty">Nothing was tried yet: choose a day and a limit.</p>
        )}
      </div>
    </main>
  );
}

function isOver(state: string | undefined): boolean {
  return state === "DONE" || state === "FAILED";
}

function told(id: string, problem: string | undefined) {
  return problem ? { "aria-invalid": true, "aria-describedby": `${id}-problem` } : {};
}

function Labelled(props: {
  label: string;
  id: string;
  problem?: string | undefined;
  hint?: string;
  children: React.ReactNode;
}) {
  return (
    <div className="field">
      <label htmlFor={props.id}>{props.label}</label>
      {props.children}
      {props.problem ? (
        <span className="danger" id={`${props.id}-problem`}>
          {props.problem}
        </span>
      ) : (
        <span>{props.hint}</span>
      )}
    </div>
  );
}
