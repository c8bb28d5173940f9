// What the platform says when it does not do what was asked (RFC 9457).

export class ApiProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly field: string;
  readonly rule: string;
  readonly requestId: string;

  constructor(status: number, title: string, detail = "", field = "", rule = "", requestId = "") {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.field = field;
    this.rule = rule;
    this.requestId = requestId;
  }

  /** One line for people: what, which field or rule. */
  get line(): string {
    const where = this.field || this.rule;
    return `${this.title}: ${this.message}${where ? ` (${where})` : ""}`;
  }
}

/** Return the problem in an answer that is not a success. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string) => (typeof said[name] === "string" ? said[name] : "");
  return new ApiProblem(
    response.status,
    text("title") || response.statusText || `Status ${response.status}`,
    text("detail"),
    text("field"),
    text("rule"),
    text("request_id") || (response.headers.get("x-request-id") ?? ""),
  );
}

/** Return any failure as one line. */
export function lineOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.line;
  return error instanceof Error ? error.message : String(error);
}
