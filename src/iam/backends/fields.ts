import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { rootCertificates } from "node:tls";
import { z } from "zod";
import { plain } from "../../core/index.ts";

/** Text on one line that may be shown. */
export const oneLine = (most: number) =>
  plain(
    z
      .string()
      .trim()
      .max(most, `At most ${most} characters.`)
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, "On one line, without control characters."),
  );

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text; null when there is none or one cannot be read. */
export function certificatesIn(text: string): readonly string[] | null {
  const found = text.match(PEM) ?? [];
  try {
    for (const pem of found) new X509Certificate(pem);
  } catch {
    return null;
  }
  return found.length > 0 ? found : null;
}

/** Certificates of authorities, in PEM form; may be empty. */
export const CertificateText = plain(
  z
    .string()
    .trim()
    .max(60_000)
    .refine((text) => text === "" || certificatesIn(text) !== null, "Not a certificate in PEM form."),
);

/** Whom to trust: the authorities that everybody trusts, and those that were given. */
export const authorities = (text: string): string[] => [...rootCertificates, ...(certificatesIn(text) ?? [])];

/** Whether what is sent to the host never leaves this machine. */
export const isLoopback = (host: string): boolean =>
  /^localhost$/i.test(host) || (isIP(host) === 4 ? host.startsWith("127.") : host === "::1");
