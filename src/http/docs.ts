import type { AnyAction } from "../core/index.ts";
import { type Operation, operationOf } from "./openapi.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);
const anchor = (name: string): string => escape(name.replace(/[^a-z0-9.-]/gi, "-"));

const STYLE = `
  :root { color-scheme: light dark; --line: light-dark(#d9dce1, #3a3f47); --soft: light-dark(#5b6470, #9aa4b2); }
  body { font: 15px/1.55 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 52rem); gap: 2.5rem; padding: 0 2rem 4rem; }
  nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 2rem 0; font-size: 13px; }
  nav a { display: block; text-decoration: none; color: inherit; padding: 1px 0; } nav b { display: block; margin-top: 1rem; }
  main { padding-top: 2rem; } section { border-top: 1px solid var(--line); padding: .25rem 0 1rem; }
  h3 { font-size: 1rem; margin: 1rem 0 .25rem; } p { margin: .25rem 0; } .soft { color: var(--soft); }
  code, pre { font: 13px/1.45 ui-monospace, monospace; } pre { overflow: auto; border: 1px solid var(--line); border-radius: 4px; padding: .75rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: 14px; } td, th { text-align: left; vertical-align: top; padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); }
  @media (max-width: 60rem) { body { display: block; } nav { position: static; height: auto; } }`;

/** The API as one readable page: no script, nothing from elsewhere. */
export function docsPage(actions: readonly Pick<AnyAction<never>, "access" | "endpoint">[], version: string): string {
  const operations = actions.map(operationOf).sort((a, b) => a.path.localeCompare(b.path));
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const of = (tag: string): Operation[] => operations.filter((operation) => operation.tag === tag);
  const links = tags.map((tag) => `<b>${escape(tag)}</b>${of(tag).map(link).join("")}`).join("");
  const sections = tags.map((tag) => `<h2>${escape(tag)}</h2>${of(tag).map(section).join("")}`).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sallyport API ${escape(version)}</title><style>${STYLE}</style></head>
<body><nav aria-label="Operations"><a href="/">Console</a><a href="/api/openapi.json">OpenAPI document</a>${links}</nav>
<main><h1>Sallyport API ${escape(version)}</h1>
<p>Requests and answers are JSON. Sign in with <code>POST /api/sign-in</code>; the answer sets the session cookie.
Programs send an API key instead: <code>Authorization: Bearer sp_…</code>.
Every success is 200. Whatever changes something is written to the audit trail under the operation's name.</p>
<p>A refusal is <code>{"error", "message", "details", "requestId"}</code>: <code>message</code> says what to do next.
A request that carries the cookie and changes something must come from the console's own address.</p>
${sections}</main></body></html>`;
}

const link = ({ name, title }: Operation): string =>
  `<a href="#${anchor(name)}" title="${escape(title)}">${escape(name)}</a>`;

function section(operation: Operation): string {
  const { name, title, access, method, path, socket, fields, output, faults } = operation;
  const rows = fields.map((field) => {
    const need = field.required ? "required" : "optional";
    return `<tr><td><code>${escape(field.name)}</code></td><td>${field.place}, ${need}</td><td>${escape(typeText(field.schema))}</td></tr>`;
  });
  const table =
    rows.length > 0 ? `<table><tr><th>Field</th><th>Where</th><th>What</th></tr>${rows.join("")}</table>` : "";
  const answer = socket
    ? "<p>A WebSocket.</p>"
    : `<details><summary>Answer</summary><pre>${escape(JSON.stringify(output, null, 2))}</pre></details>`;
  return `<section id="${anchor(name)}"><h3><code>${socket ? "WebSocket" : method} ${escape(path)}</code></h3>
<p>${escape(title)}.</p><p class="soft">${escape(access)} Faults: ${faults.join(", ")}.</p>${table}${answer}</section>`;
}

/** A JSON schema in a few words. */
function typeText(schema: Readonly<Record<string, unknown>>): string {
  const { type, format, enum: choices, items, anyOf, default: preset } = schema;
  const { minimum, maximum, minLength, maxLength } = schema as Record<string, number | undefined>;
  const parts: string[] = [];
  if (Array.isArray(choices)) parts.push(choices.map((choice) => JSON.stringify(choice)).join(" or "));
  else if (Array.isArray(anyOf)) parts.push(anyOf.map((option) => typeText(option)).join(" or "));
  else if (type === "array") parts.push(`list of ${typeText((items ?? {}) as Record<string, unknown>)}`);
  else parts.push([format, type].filter((word) => typeof word === "string").join(" ") || "any value");
  if (minimum !== undefined || maximum !== undefined) parts.push(`${minimum ?? ""} to ${maximum ?? ""}`);
  if (minLength !== undefined || maxLength !== undefined)
    parts.push(`${minLength ?? 0} to ${maxLength ?? ""} characters`);
  if (preset !== undefined) parts.push(`default ${JSON.stringify(preset)}`);
  return parts.join(", ");
}
