import { ResultCodeError } from "ldapts";
import { Fault } from "../../../core/index.ts";

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

interface At {
  readonly server: string;
  readonly signal: AbortSignal;
  readonly seconds: number;
}

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
};

/** What went wrong with a directory and what to do about it; holds nothing that a person typed. */
export function wordsOf(error: unknown, { server, signal, seconds }: At): Fault {
  if (error instanceof Fault) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message.split("\n")[0]!.slice(0, 200) : "";
  if (code === "CERT_HAS_EXPIRED") {
    return new Fault("upstream", `The certificate of ${server} has expired. Have it renewed there.`);
  }
  if (CERTIFICATE.test(code)) {
    return new Fault(
      "upstream",
      `The certificate of ${server} is not trusted: ${text}. Use the name that stands in it, or add the certificate of its authority.`,
    );
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new Fault("upstream", `There is no server called as in ${server}. Check the name.`);
  }
  if (code === "ECONNREFUSED") {
    return new Fault("upstream", `Nobody answers at ${server}. Check the port, and that the directory runs.`);
  }
  if (code === "ETIMEDOUT" || signal.aborted || /timed out|timeout/i.test(text)) {
    return new Fault("timeout", `${server} did not answer within ${seconds} seconds. Check the port, and firewalls.`);
  }
  if (error instanceof ResultCodeError) {
    const { code: number } = error as ResultCodeError & { code: number };
    return new Fault(
      "upstream",
      `The directory ${server} refused: result ${number}, ${RESULTS[number] ?? error.name}.`,
    );
  }
  return new Fault("upstream", `The connection to ${server} failed: ${text || "no reason was given"}.`);
}

const RESULTS: Readonly<Record<number, string>> = {
  4: "more entries than it may give out",
  8: "it wants a stronger way to bind, as over ldaps://",
  10: "it refers to another server; name that one",
  13: "it wants an encrypted connection",
  32: "there is no such entry; check the base",
  34: "a name (DN) is not written rightly",
  49: "the name to read the directory as, or its password, is wrong",
  50: "the name to read the directory as may not do that",
  53: "it is not willing to",
};
