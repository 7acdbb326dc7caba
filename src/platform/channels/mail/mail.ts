import { rootCertificates } from "node:tls";
import { createTransport } from "nodemailer";
import { Fault } from "../../../core/index.ts";
import type { Channel, Message } from "../channel.ts";
import { certificatesIn, type MailSettings, mailSettings } from "./settings.ts";
import { createTranscript, type Transcript } from "./transcript.ts";
import { isForReceiver, wordsOf } from "./words.ts";

/** Beside the limits of each step: a server that answers a little now and then holds nobody up. */
const MOST_MS = 60_000;

/** Mail over SMTP. A connection for each message; certificates are always verified. */
export const mail: Channel<typeof mailSettings.schema> = {
  kind: "mail",
  settings: mailSettings,
  isConfigured: ({ host }) => host !== "",

  async send(settings, recipient, message, signal) {
    const transcript = createTranscript([settings.password]);
    try {
      await deliver(settings, recipient, message, signal, transcript);
    } catch (error) {
      const words = transcript.masked(wordsOf(error, settings));
      throw new Fault(isForReceiver(error) ? "invalid" : "upstream", words);
    }
  },

  async check(settings, recipient, message, signal) {
    const transcript = createTranscript([settings.password]);
    try {
      await deliver(settings, recipient, message, signal, transcript);
      return { ok: true, message: `The server took the mail to ${recipient}.`, transcript: transcript.lines() };
    } catch (error) {
      return { ok: false, message: transcript.masked(wordsOf(error, settings)), transcript: transcript.lines() };
    }
  },
};

async function deliver(
  settings: MailSettings,
  recipient: string,
  message: Message,
  signal: AbortSignal,
  transcript: Transcript,
): Promise<void> {
  const { fromAddress, fromName, replyTo, subjectPrefix, timeoutSeconds } = settings;
  const timeout = timeoutSeconds * 1000;
  const own = certificatesIn(settings.caCertificate) ?? [];
  const transport = createTransport({
    host: settings.host,
    port: settings.port,
    name: domainOf(fromAddress),
    secure: settings.security === "tls",
    requireTLS: settings.security === "starttls",
    ignoreTLS: settings.security === "none",
    ...(settings.user !== "" && { auth: { user: settings.user, pass: settings.password } }),
    tls: { rejectUnauthorized: true, minVersion: "TLSv1.2", ca: [...rootCertificates, ...own] },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    socketCloseTimeout: 1000,
    maxResponseSize: 64 * 1024,
    disableFileAccess: true,
    disableUrlAccess: true,
    transactionLog: true,
    logger: transcript.logger,
  });
  try {
    await transport.sendMail({
      from: { name: fromName, address: fromAddress },
      to: { name: "", address: recipient },
      ...(replyTo !== "" && { replyTo: { name: "", address: replyTo } }),
      envelope: { from: fromAddress, to: [recipient] },
      messageId: `<${message.id}@${domainOf(fromAddress)}>`,
      subject: [subjectPrefix, message.subject].filter(Boolean).join(" "),
      text: message.text,
      html: message.html,
      headers: { "Auto-Submitted": "auto-generated" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]),
    });
  } finally {
    transport.close();
  }
}

const domainOf = (address: string): string => address.split("@").at(-1) || "localhost";
