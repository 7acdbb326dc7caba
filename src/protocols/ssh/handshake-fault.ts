import { Fault } from "../../core/index.ts";
import type { TransportEnd } from "./transport.ts";

const KINDS: Record<string, string> = {
  "key exchange algorithm": "KEX method",
  "host key format": "Host key format",
  "C->S cipher": "C->S cipher",
  "S->C cipher": "S->C cipher",
  "C->S MAC": "C->S MAC",
  "S->C MAC": "S->C MAC",
  "C->S compression": "C->S compression",
  "S->C compression": "S->C compression",
};
const NAMES: Record<string, string> = { "key exchange algorithm": "key exchange", "host key format": "host key" };

/** Why the connection ended before the account was signed in, in words for the person. */
export function handshakeFault(seen: { where: string; end: TransportEnd; lines: string[]; software: string }): Fault {
  const { where, end, lines, software } = seen;
  const missing = /no matching (.+)$/.exec(end.words)?.[1];
  if (missing && KINDS[missing]) {
    const remote = lines.find((line) => line.startsWith(`Handshake: (remote) ${KINDS[missing]}: `));
    const offers = readable(remote?.slice(remote.lastIndexOf(": ") + 2) ?? "");
    return new Fault(
      "upstream",
      `${where} and the gate have no ${NAMES[missing] ?? missing} algorithm in common (the target offers ${offers}). ` +
        "If the target cannot be updated, switch on legacy algorithms for this asset.",
      { reason: "algorithms", offers },
    );
  }
  if (!software) return new Fault("upstream", `${where} closed the connection before it said it speaks SSH.`);
  if (end.kind === "disconnected" && end.words)
    return new Fault("upstream", `${where} ended the connection: ${readable(end.words)}`);
  if (end.kind === "failed")
    return new Fault("upstream", `${where} could not agree on encryption with the gate (${readable(end.words)}).`);
  return new Fault("upstream", `${where} closed the connection before the sign-in was complete.`);
}

/** Words of the target, fit for a line of ours: printable, at most 300 characters. */
export const readable = (words: string): string =>
  words
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 300);
