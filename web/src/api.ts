import type { z } from "zod";
import { unattended } from "./unattended.ts";
import type { Endpoint } from "../../src/core/endpoint.ts";

/** One thing the server found wrong with the input: where, and in words. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What the server answered instead of what was asked for. `message` is for the person. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;

  constructor(answer: { code: string; message: string; status: number; details?: unknown; requestId?: string | null }) {
    super(answer.message);
    this.code = answer.code;
    this.status = answer.status;
    this.details = isRecord(answer.details) ? answer.details : {};
    this.requestId = answer.requestId ?? null;
  }

  /** Problems that belong to a field of the form. */
  get problems(): readonly Problem[] {
    const { problems } = this.details;
    return Array.isArray(problems)
      ? problems.filter((item): item is Problem => isRecord(item) && typeof item.path === "string")
      : [];
  }
}

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Calls `listener` when the server no longer knows who is signed in. Returns how to stop listening. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => void signedOut.delete(listener);
}

/** What has to be proved anew before the server does what was asked. */
export interface Unconfirmed {
  readonly level: "sign-in" | "password" | "second-factor";
  readonly minutes: number;
}

let askAnew: ((asked: Unconfirmed) => Promise<boolean>) | null = null;

/** Has `ask` prove anew that it is the same person whenever the server wants it; true: the call is repeated. */
export function onUnconfirmed(ask: (asked: Unconfirmed) => Promise<boolean>): () => void {
  askAnew = ask;
  return () => {
    if (askAnew === ask) askAnew = null;
  };
}

/** What a field of an input may be before it is sent. */
export type Input<E extends Endpoint> = z.input<E["input"]>;
/** What an endpoint answers. */
export type Output<E extends Endpoint> = z.output<E["output"]>;

const local = new Map<string, (input: never) => unknown>();

/** Answers an endpoint in the browser, without a server: for the page that shows the kit. Throw ApiFault to refuse. */
export function answerLocally<E extends Endpoint>(endpoint: E, answer: (input: Input<E>) => unknown): void {
  local.set(endpoint.name, answer);
}

/** Calls an endpoint. Throws ApiFault; code `offline` when no server answered. */
export async function call<E extends Endpoint>(endpoint: E, input: Input<E>, signal?: AbortSignal): Promise<Output<E>> {
  const here = local.get(endpoint.name);
  if (here) return (await here(input as never)) as Output<E>;
  const response = await send(endpoint, input, signal);
  return (await response.json()) as Output<E>;
}

/** Calls an endpoint whose answer is a file. Returns the bytes and the file's name. */
export async function download<E extends Endpoint>(
  endpoint: E,
  input: Input<E>,
): Promise<{ blob: Blob; name: string }> {
  const response = await send(endpoint, input);
  const [, name] = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "") ?? [];
  return { blob: await response.blob(), name: name ?? "download" };
}

/** Opens the WebSocket of a SOCKET endpoint; binary frames arrive as ArrayBuffer. */
export function socket<E extends Endpoint>(endpoint: E, input: Input<E>): WebSocket {
  const { path } = addressOf(endpoint, input as Fields);
  const opened = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  opened.binaryType = "arraybuffer";
  return opened;
}

type Fields = Readonly<Record<string, unknown>>;

/** The method, address and body that carry `input` to `endpoint`. */
export function addressOf(
  endpoint: Endpoint,
  input: Fields,
): { method: string; path: string; body: string | undefined } {
  const space = endpoint.route.indexOf(" ");
  const method = endpoint.route.slice(0, space);
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const filled = endpoint.route.slice(space + 1).replace(/:(\w+)/g, (_, key: string) => {
    const value = rest.get(key);
    rest.delete(key);
    if (typeof value !== "string" && typeof value !== "number") throw new Error(`${endpoint.name} needs ${key}`);
    return encodeURIComponent(value);
  });
  if (method !== "GET" && method !== "SOCKET") {
    return { method, path: `/api${filled}`, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = new URLSearchParams();
  for (const [key, value] of rest) {
    for (const item of Array.isArray(value) ? value : [value])
      if (item !== "" && item !== null) query.append(key, String(item));
  }
  return { method, path: `/api${filled}${query.size > 0 ? `?${query}` : ""}`, body: undefined };
}

async function send(endpoint: Endpoint, input: unknown, signal?: AbortSignal, again = false): Promise<Response> {
  const { method, path, body } = addressOf(endpoint, input as Fields);
  const headers = { ...unattended(), ...(body !== undefined && { "content-type": "application/json" }) };
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body && { body }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiFault({ code: "offline", message: "The server does not answer.", status: 0 });
  }
  if (response.ok) return response;
  const fault = await faultOf(response);
  if (fault.code === "unconfirmed" && askAnew && !again) {
    if (await askAnew(fault.details as unknown as Unconfirmed)) return send(endpoint, input, signal, true);
  }
  if (fault.code === "unauthenticated" && !endpoint.name.startsWith("sign-in"))
    for (const listener of signedOut) listener();
  throw fault;
}

async function faultOf(response: Response): Promise<ApiFault> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => null);
  if (!isRecord(body) || typeof body.error !== "string") {
    return new ApiFault({ code: status >= 502 ? "offline" : "internal", message: `HTTP ${status}`, status });
  }
  const { error, message, details, requestId } = body;
  return new ApiFault({
    code: error,
    message: typeof message === "string" ? message : error,
    status,
    details,
    requestId: typeof requestId === "string" ? requestId : null,
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
