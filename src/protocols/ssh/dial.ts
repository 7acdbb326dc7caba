import { connect, type Socket } from "node:net";
import { Fault } from "../../core/index.ts";

const WORDS: Record<string, string> = {
  ECONNREFUSED: "refused the connection. Is the service running, and is the port right?",
  ENOTFOUND: "is not known to the name service. Check the address.",
  EAI_AGAIN: "could not be looked up just now: the name service does not answer.",
  EHOSTUNREACH: "cannot be reached from the gate: no route to it.",
  ENETUNREACH: "cannot be reached from the gate: no route to its network.",
  ECONNRESET: "closed the connection at once.",
  ETIMEDOUT: "did not answer.",
};

/** The words for an error of a socket to that address. */
function socketFault(where: string, error: NodeJS.ErrnoException): Fault {
  const code = error.code ?? "";
  const kind = code === "ETIMEDOUT" ? "timeout" : "upstream";
  return new Fault(
    kind,
    `${where} ${WORDS[code] ?? `could not be reached (${code || error.message}).`}`,
    { code },
    error,
  );
}

/**
 * Opens a TCP connection; cheap enough to begin before it is sure to be needed (destroy the socket then). Faults `upstream`
 * (refused, unknown, unreachable) and `timeout`; rejects with the reason of `signal` when that aborts.
 */
export function dial(to: {
  host: string;
  port: number;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}): Promise<Socket> {
  const { host, port, timeoutMs, signal } = to;
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = connect({ host, port, noDelay: true });
    const over = (then: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      socket.removeListener("error", failed);
      then();
    };
    const drop = (why: unknown) =>
      over(() => {
        socket.on("error", () => {});
        socket.destroy();
        reject(why);
      });
    const failed = (error: Error) => drop(socketFault(where, firstOf(error)));
    const aborted = () => drop(signal?.reason);
    const timer = setTimeout(
      () => drop(new Fault("timeout", `${where} did not answer within ${seconds(timeoutMs)}.`)),
      timeoutMs,
    );
    socket.once("error", failed);
    socket.once("connect", () => over(() => resolve(socket)));
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** Node tries every address of a name and reports all failures together. */
const firstOf = (error: Error): Error => (error instanceof AggregateError && error.errors[0] ? error.errors[0] : error);

/** A duration for people. */
export const seconds = (ms: number): string => `${ms >= 1000 ? Math.round(ms / 100) / 10 : ms / 1000} s`;
