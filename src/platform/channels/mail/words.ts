import type { MailSettings } from "./settings.ts";

interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
}

const isSmtp = (error: unknown): error is SmtpError => error instanceof Error;

/** What the errors of sockets and certificates beneath are called. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  let one = error;
  for (let depth = 0; depth < 5 && one instanceof Error; depth++, one = one.cause) {
    for (const key of ["code", "sourceCode", "originalCode", "reason"] as const) {
      const code = (one as unknown as Record<string, unknown>)[key];
      if (typeof code === "string") codes.push(code);
    }
  }
  return codes;
}

/** The server refused this receiver for good: trying again is of no use. */
export const isForReceiver = (error: unknown): boolean =>
  isSmtp(error) &&
  error.code === "EENVELOPE" &&
  (error.command ?? "").startsWith("RCPT") &&
  (error.responseCode ?? 0) >= 500 &&
  error.responseCode !== 503;

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/** What went wrong, and what to do about it. */
export function wordsOf(error: unknown, { host, port, security, timeoutSeconds }: MailSettings): string {
  const where = `${host}:${port}`;
  if (!isSmtp(error)) return `Mail could not be sent by ${where}.`;
  const codes = codesOf(error);
  const answer = error.response ? ` It answered: ${error.response.replace(/\s+/g, " ").slice(0, 300)}` : "";
  const has = (...wanted: string[]) => wanted.some((code) => codes.includes(code));
  if (codes.some((code) => CERTIFICATE.test(code)) || /certificate/i.test(error.message)) {
    return `The certificate of ${where} is not trusted: ${error.message.slice(0, 200)}. Use the name that stands in it, or add the certificate of its authority.`;
  }
  if (has("EDNS", "ENOTFOUND", "EAI_AGAIN")) return `There is no server called ${host}. Check the name.`;
  if (has("ECONNREFUSED")) return `Nobody answers at ${where}. Check the port, and that the server runs.`;
  if (has("EABORT")) return `${where} took longer than a minute, or the program was stopped.`;
  if (has("ETIMEDOUT"))
    return `${where} did not answer within ${timeoutSeconds} seconds. Check the port, and firewalls.`;
  if (has("EAUTH", "ENOAUTH")) return `${where} refused the user or the password.${answer}`;
  if (has("ETLS")) {
    return security === "starttls"
      ? `${where} does not offer STARTTLS, or it failed. Nothing was sent.${answer}`
      : `The encrypted connection to ${where} failed: ${error.message.slice(0, 200)}`;
  }
  if (has("EENVELOPE")) return `${where} refused the sender or the receiver.${answer}`;
  return `${where} did not take the mail: ${error.message.slice(0, 300)}`;
}
