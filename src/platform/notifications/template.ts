import type { z } from "zod";
import { hides } from "../../core/index.ts";
import type { Message } from "../channels/channel.ts";

/** The languages that people are written to in. */
export type Language = "en" | "zh";

/** What a message says, as plain text; how it is laid out and escaped is decided here and nowhere else. */
export interface MessageText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** An address to follow, shown in full. */
  readonly link?: { readonly label: string; readonly url: string };
  /** A code to type in. */
  readonly code?: string;
  /** After the link or the code. */
  readonly closing?: readonly string[];
}

/** A kind of message. What its schema hides (`secret()`: links, codes) is stored sealed until it is sent. */
export interface MailTemplate<S extends z.ZodObject = z.ZodObject> {
  /** A word in kebab-case. */
  readonly key: string;
  readonly values: S;
  render(values: z.output<S>, language: Language): MessageText;
}

/** A template of any shape, as lists hold it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the values are checked by the template's own schema before it renders
export type AnyMailTemplate = MailTemplate<any>;

/** Declares a template. Throws at start-up when the key is no word. */
export function mailTemplate<S extends z.ZodObject>(template: MailTemplate<S>): MailTemplate<S> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(template.key)) throw new Error(`Not a key of a template: ${template.key}`);
  return template;
}

/** The values apart: those that may lie open, and those that are sealed. */
export function apart({ values: schema }: AnyMailTemplate, values: Readonly<Record<string, unknown>>) {
  const shape = (schema as z.ZodObject).shape as Record<string, z.ZodType>;
  const entries = Object.entries(values);
  const isSecret = (name: string) => !shape[name] || hides(shape[name]);
  return {
    open: Object.fromEntries(entries.filter(([name]) => !isSecret(name))),
    secret: Object.fromEntries(entries.filter(([name]) => isSecret(name))),
  };
}

const FOOT = {
  en: "Sallyport sent this message by itself. Answers to it are not read.",
  zh: "本邮件由 Sallyport 自动发送，回复不会被查看。",
} as const;

/** The message in both forms. */
export function layOut(id: string, text: MessageText, language: Language): Message {
  const { paragraphs, link, code, closing = [] } = text;
  const foot = FOOT[language];
  const middle = [...(link ? [`${link.label}:\n${link.url}`] : []), ...(code === undefined ? [] : [`    ${code}`])];
  return {
    id,
    subject: text.subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 200),
    text: `${[...paragraphs, ...middle, ...closing, `-- \n${foot}`].join("\n\n")}\n`,
    html: [
      `<!doctype html><html lang="${language}"><body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1f2328">`,
      ...paragraphs.map(paragraph),
      ...(link ? [anchor(link)] : []),
      ...(code === undefined ? [] : [`<p style="font:bold 22px monospace;letter-spacing:3px">${escaped(code)}</p>`]),
      ...closing.map(paragraph),
      `<hr style="border:0;border-top:1px solid #d0d7de"><p style="color:#656d76;font-size:12px">${foot}</p>`,
      "</body></html>",
    ].join("\n"),
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
const paragraph = (text: string): string => `<p>${escaped(text).replaceAll("\n", "<br>")}</p>`;

/** Only addresses of the web become links. */
function anchor({ label, url }: { readonly label: string; readonly url: string }): string {
  const shown = escaped(url);
  if (!/^https?:\/\//i.test(url)) return `<p>${escaped(label)}: ${shown}</p>`;
  return `<p><a href="${shown}">${escaped(label)}</a></p><p style="color:#656d76;font-size:13px">${shown}</p>`;
}
