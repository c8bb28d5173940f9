// The typed doors to the services, behind the one origin. Every failure is an `ApiProblem`.
import createClient, { type Middleware } from "openapi-fetch";
import { accessToken, renew } from "../auth/session";
import type { paths as Gateway } from "./gateway";
import type { components as OmsComponents, paths as Oms } from "./oms";
import type { components as PnlComponents, paths as PnlPaths } from "./pnl";
import type { components as PrismComponents, paths as Prism } from "./prism";
import type { components as PtrcComponents, paths as Ptrc } from "./ptrc";
import type { components as RiskComponents, paths as Risk } from "./risk";
import { ApiProblem, problemOf } from "./problem";

export type Order = OmsComponents["schemas"]["OrderReply"];
export type OrderRequest = OmsComponents["schemas"]["OrderRequest"];
export type Reason = OmsComponents["schemas"]["Reason"];
export type Fill = OmsComponents["schemas"]["FillReply"];
export type Position = PtrcComponents["schemas"]["PositionReply"];
export type Pnl = PnlComponents["schemas"]["PnlReply"];
export type Verdict = RiskComponents["schemas"]["CheckReply"];
export type Instrument = PrismComponents["schemas"]["SymbolReply"];

const authorization: Middleware = {
  async onRequest({ request }) {
    const token = await accessToken();
    if (token) request.headers.set("authorization", `Bearer ${token}`);
    return request;
  },
  async onResponse({ response }) {
    // A token that the services no longer take: renew it for what comes next.
    if (response.status === 401) await renew();
    return response;
  },
};

function door<Paths extends object>(service: string) {
  const client = createClient<Paths>({ baseUrl: `${window.location.origin}/api/${service}` });
  client.use(authorization);
  return client;
}

export const oms = door<Oms>("oms");
export const risk = door<Risk>("risk");
export const ptrc = door<Ptrc>("ptrc");
export const pnl = door<PnlPaths>("pnl");
export const gateway = door<Gateway>("gateway");
export const prism = door<Prism>("prism");

/** Return the data of an answer, or throw the problem that it is. */
export async function must<T>(asked: Promise<{ data?: T; response: Response; error?: unknown }>) {
  let answer;
  try {
    answer = await asked;
  } catch {
    throw new ApiProblem(0, "No answer", "the platform does not answer");
  }
  if (answer.data === undefined) throw problemOf(answer.response, answer.error);
  return answer.data;
}
