// Who is signed in. The access token lives in memory only; the refresh token in the tab's
// session storage, so that a reload keeps the session and a closed tab ends it.
//
// Tokens are renewed before they expire, by one request at a time: a refresh token that came
// twice would end the whole login.
import { useSyncExternalStore } from "react";
import { ApiProblem, problemOf } from "../api/problem";

export interface Session {
  status: "restoring" | "out" | "in";
  name: string;
  roles: string[];
  accounts: string[];
  /** The account that the pages are about. */
  account: string;
}

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

const KEY = "trade2026.refresh";
const EVERY_ACCOUNT = "*";
const OUT: Session = { status: "out", name: "", roles: [], accounts: [], account: "" };

let session: Session = { ...OUT, status: "restoring" };
let access = "";
let endsAt = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<boolean> | undefined;
const listeners = new Set<() => void>();

function become(next: Session) {
  session = next;
  for (const listener of listeners) listener();
}

async function post(path: string, body: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`/api/authn${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(access ? { authorization: `Bearer ${access}` } : {}),
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new ApiProblem(0, "No answer", "the platform does not answer");
  }
  const said: unknown = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw problemOf(response, said);
  return said;
}

function keep(tokens: Tokens) {
  access = tokens.access_token;
  endsAt = Date.now() + tokens.expires_in * 1000;
  sessionStorage.setItem(KEY, tokens.refresh_token);
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), tokens.expires_in * 800);
  const claims = claimsOf(tokens.access_token);
  const account = claims.accounts.includes(EVERY_ACCOUNT)
    ? "default"
    : (claims.accounts[0] ?? "default");
  const isSame = session.status === "in" && session.name === claims.sub;
  become({
    status: "in",
    name: claims.sub,
    roles: claims.roles,
    accounts: claims.accounts,
    account: isSame ? session.account : account,
  });
}

function claimsOf(token: string): { sub: string; roles: string[]; accounts: string[] } {
  const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(part)) as { sub: string; roles: string[]; accounts: string[] };
}

function forget() {
  access = "";
  clearTimeout(timer);
  sessionStorage.removeItem(KEY);
  become(OUT);
}

/** Sign in, or throw the problem. */
export async function login(username: string, password: string): Promise<void> {
  access = "";
  keep((await post("/login", { username, password })) as Tokens);
}

/** Sign out here and at the platform. */
export async function logout(): Promise<void> {
  const refresh_token = sessionStorage.getItem(KEY);
  try {
    if (refresh_token) await post("/logout", { refresh_token });
  } finally {
    forget();
  }
}

async function exchange(): Promise<boolean> {
  const refresh_token = sessionStorage.getItem(KEY);
  if (!refresh_token) {
    forget();
    return false;
  }
  try {
    keep((await post("/refresh", { refresh_token })) as Tokens);
    return true;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      forget();
      return false;
    }
    // The platform is away: the session stays, and is tried again.
    clearTimeout(timer);
    timer = setTimeout(() => void renew(), 2000);
    return false;
  }
}

/** Exchange the refresh token for new tokens; whoever asks meanwhile waits for the same. */
export function renew(): Promise<boolean> {
  renewing ??= exchange().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

/** Return a token that is good for some seconds more, empty when nobody is signed in. */
export async function accessToken(): Promise<string> {
  if (access && Date.now() > endsAt - 5000) await renew();
  return access;
}

/** Return whether the roles allow what traders, or keepers of risk, do. */
export function may(who: Session, what: "trade" | "kill"): boolean {
  const role = what === "trade" ? "trader" : "risk";
  return who.roles.includes(role) || who.roles.includes("admin");
}

/** Return whether the sender may act on all accounts at once. */
export function isEverywhere(who: Session): boolean {
  return who.accounts.includes(EVERY_ACCOUNT);
}

export function currentSession(): Session {
  return session;
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): Session {
  return useSyncExternalStore(onSession, currentSession);
}
