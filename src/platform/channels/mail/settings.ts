import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { Host, plain, Port, secret } from "../../../core/index.ts";
import { settingsGroup } from "../../settings/group.ts";

const oneLine = (most: number) =>
  plain(
    z
      .string()
      .trim()
      .max(most, `At most ${most} characters.`)
      .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, "On one line, without control characters."),
  );
const Address = plain(z.union([z.literal(""), z.email("Not a mail address.").max(254)]));
const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

/** How mail leaves: one SMTP server. An empty host means that none is sent. */
export const mailSettings = settingsGroup({
  key: "mail",
  title: "Mail",
  scope: "site",
  secretsStayWith: ["host", "port", "security", "user", "caCertificate"],
  schema: z
    .object({
      host: plain(z.union([z.literal(""), Host])).default(""),
      port: Port.default(587),
      security: z.enum(["starttls", "tls", "none"]).default("starttls"),
      user: oneLine(256).default(""),
      password: secret(z.string().max(1024)).default(""),
      fromAddress: Address.default(""),
      fromName: oneLine(128).default("Sallyport"),
      replyTo: Address.default(""),
      subjectPrefix: oneLine(64).default(""),
      caCertificate: plain(z.string().trim().max(60_000)).default(""),
      timeoutSeconds: z.number().int().min(2).max(60).default(15),
    })
    .superRefine((mail, context) => {
      const refuse = (path: keyof typeof mail, message: string) =>
        context.addIssue({ code: "custom", path: [path], message });
      if (mail.host !== "" && mail.fromAddress === "") refuse("fromAddress", "Give the address that mail comes from.");
      if (mail.security === "none" && mail.host !== "" && !isLoopback(mail.host)) {
        refuse("security", "Without encryption only a server on this machine can be used (localhost).");
      }
      if (mail.caCertificate !== "" && certificatesIn(mail.caCertificate) === null) {
        refuse("caCertificate", "Not a certificate in PEM form.");
      }
    }),
});

export type MailSettings = z.output<typeof mailSettings.schema>;

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
