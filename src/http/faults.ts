import { Fault } from "../core/index.ts";

export interface Answer {
  readonly status: number;
  readonly body: {
    readonly error: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly requestId: string;
  };
}

/** What the client is told. Whatever is no Fault is a bug: its text stays here. */
export function answerOf(error: unknown, requestId: string): Answer {
  const fault = asFault(error);
  if (!fault) {
    const message = `Something went wrong in the program. It is written in its log under ${requestId}.`;
    return { status: 500, body: { error: "internal", message, requestId } };
  }
  const { code, message, details, status } = fault;
  return { status, body: { error: code, message, ...(details && { details }), requestId } };
}

/** The Fault that an error stands for: itself, a refused request of the HTTP server, or a database that is away. */
export function asFault(error: unknown): Fault | null {
  if (error instanceof Fault) return error;
  if (!(error instanceof Error)) return null;
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 413) return new Fault("too_large", "The request is longer than 1 MiB.");
  if (statusCode === 415) return new Fault("invalid", "Send JSON, with the header content-type: application/json.");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Fault("invalid", "The request is not valid JSON or HTTP.");
  if (isDatabaseAway(error)) {
    return new Fault("unavailable", "The database does not answer at the moment. Try again shortly.", undefined, error);
  }
  return null;
}

function isDatabaseAway(error: Error & { code?: string; syscall?: string }): boolean {
  const { code = "", syscall, message } = error;
  if (/^(57P0[1-3]|08\w{3}|53300)$/.test(code)) return true;
  if (/^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/.test(code)) return syscall !== "open";
  return /^(Connection terminated|timeout exceeded when trying to connect)/.test(message);
}

/** What is logged of an error: never the details of the database, which quote rows. */
export function loggable(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, code } = error as Error & { code?: string };
  return { name, code, message: message.slice(0, 500), stack: stack?.slice(0, 4000) };
}
