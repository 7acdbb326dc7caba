import { request } from "node:https";

export interface Landing {
  readonly status: number;
  readonly url: URL;
  readonly body: string;
}

/** What a browser does at a provider: keeps cookies, follows redirects, sends forms; it trusts every certificate. */
export function userAgent() {
  const jar = new Map<string, string>();

  const send = (url: URL, form?: URLSearchParams) =>
    new Promise<{ status: number; location: string | null; body: string }>((resolve, reject) => {
      const headers = {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
        accept: "text/html",
        ...(form && { "content-type": "application/x-www-form-urlencoded", referer: url.href, origin: url.origin }),
      };
      const options = { method: form ? "POST" : "GET", headers, agent: false, rejectUnauthorized: false } as const;
      const sent = request(url, { ...options, timeout: 20_000 }, (answer) => {
        for (const cookie of answer.headers["set-cookie"] ?? []) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
          if (value) jar.set(name, value);
          else jar.delete(name);
        }
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            location: answer.headers.location ?? null,
            body: Buffer.concat(chunks).toString(),
          }),
        );
        answer.on("error", reject);
      });
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error("No answer within 20 s")));
      sent.end(form?.toString());
    });

  /** Goes where it is sent until something is shown, or until it would leave for `home`. */
  async function visit(address: string, home: string, form?: URLSearchParams): Promise<Landing> {
    let url = new URL(address);
    let body = form;
    for (let hop = 0; hop < 20; hop++) {
      if (url.href.startsWith(home)) return { status: 0, url, body: "" };
      const answer = await send(url, body);
      if (answer.status < 300 || answer.status >= 400 || !answer.location) return { ...answer, url };
      url = new URL(answer.location, url);
      body = undefined;
    }
    throw new Error("Sent on too often");
  }
  return { visit };
}

/** The fields of the first form that a page shows, with their values. */
export function fieldsOf(html: string): Record<string, string> {
  const inputs = html.match(/<input[^>]*>/g) ?? [];
  return Object.fromEntries(
    inputs.flatMap((input) => {
      const name = /name="([^"]+)"/.exec(input)?.[1];
      return name ? [[name, unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? "")]] : [];
    }),
  );
}

const unescaped = (text: string): string =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
