const STATUS = {
  invalid: 422,
  unauthenticated: 401,
  denied: 403,
  unconfirmed: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_many: 429,
  upstream: 502,
  unavailable: 503,
  timeout: 504,
} as const;

/** What kind of refusal a Fault is; each stands for one HTTP status. */
export type FaultCode = keyof typeof STATUS;

/**
 * The only error a domain throws on purpose. `message` is for a person and says what to do next; `details` is
 * machine-readable and must hold no secret. Whatever else reaches an edge is a bug: 500, a request id, logged.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Whether run() writes an event of it; see `unaudited`. */
  audited = true;

  constructor(code: FaultCode, message: string, details?: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }

  /** The HTTP status of the code. */
  get status(): number {
    return STATUS[this.code];
  }
}

/** The same fault, of which run() writes no event: for a refusal that anybody can repeat at will and that tells nothing new. */
export function unaudited(fault: Fault): Fault {
  fault.audited = false;
  return fault;
}

/** A row that does not exist or that the actor may not know of: both read the same. */
export const notFound = (what: string): Fault =>
  new Fault("not_found", `There is no such ${what}, or you may not see it.`);

/** The Fault of a write that was based on an older version; it carries the row as it is now. */
export const changedMeanwhile = (what: string, current: Readonly<Record<string, unknown>>): Fault =>
  new Fault("conflict", `Somebody else changed this ${what} meanwhile. Compare both versions and save again.`, {
    current,
  });
