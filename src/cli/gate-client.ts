import type { z } from "zod";
import { type Endpoint, Fault } from "../core/index.ts";

const WAIT_MS = 20_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Calls endpoints of a gate as nobody. */
export type GateClient = <I extends z.ZodType, O extends z.ZodType>(
  endpoint: Endpoint<I, O>,
  input: z.input<I>,
) => Promise<z.output<O>>;

/** The origin of a gate's console. Fault `invalid` for what is no address, or would carry secrets in the clear. */
export function gateOrigin(text: string): string {
  const address = URL.canParse(text) ? new URL(text) : null;
  if (!address || !/^https?:$/.test(address.protocol) || address.username || address.password)
    throw new Fault("invalid", `"${text}" is not the address of a gate. It looks like https://gate.example.org`);
  if (address.protocol === "http:" && !LOOPBACK.test(address.hostname))
    throw new Fault("invalid", `${address.host} would be reached in the clear. Use its address with https.`);
  return address.origin;
}

/** `signal` ends every call. Faults as the gate gives them; `unavailable` when it does not answer. */
export const createGateClient =
  (origin: string, signal: AbortSignal): GateClient =>
  async (endpoint, input) => {
    const [method = "", path = ""] = endpoint.route.split(" ");
    const answer = await fetch(`${origin}/api${path}`, {
      method,
      body: JSON.stringify(input),
      headers: { "content-type": "application/json" },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]),
    }).catch((error: Error) => {
      signal.throwIfAborted();
      const { code } = (error.cause ?? {}) as { code?: string };
      throw new Fault("unavailable", `${origin} does not answer${code ? ` (${code})` : ""}.`, undefined, error);
    });
    const body: unknown = await answer.json().catch(() => null);
    if (answer.ok) return endpoint.output.parse(body);
    const { error, message, details } = (body ?? {}) as {
      error?: Fault["code"];
      message?: string;
      details?: Record<string, unknown>;
    };
    throw new Fault(error ?? "unavailable", message ?? `${origin} answered with HTTP ${answer.status}.`, details);
  };
