import { randomBytes } from "node:crypto";
import { tlsServer } from "./tls.ts";

interface CasPerson {
  readonly user: string;
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A page that speaks CAS 3: a form that asks for a name, tickets that count once, and their validation. */
export async function startCas(people: Readonly<Record<string, CasPerson>>, days = 30) {
  const tickets = new Map<string, { service: string; person: CasPerson }>();
  /** What is answered in place of the truth. */
  const lie: { now: ((xml: string) => string) | null } = { now: null };

  function validate(query: URLSearchParams): string {
    const ticket = query.get("ticket") ?? "";
    const found = tickets.get(ticket);
    tickets.delete(ticket);
    const wrap = (inner: string) =>
      `<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">${inner}</cas:serviceResponse>`;
    const failed = (code: string) => wrap(`<cas:authenticationFailure code="${code}">no</cas:authenticationFailure>`);
    if (!found) return failed("INVALID_TICKET");
    if (found.service !== query.get("service")) return failed("INVALID_SERVICE");
    const attributes = Object.entries(found.person.attributes).flatMap(([name, values]) =>
      [values].flat().map((value) => `<cas:${name}>${escape(String(value))}</cas:${name}>`),
    );
    return wrap(
      `<cas:authenticationSuccess><cas:user>${escape(found.person.user)}</cas:user>
       <cas:attributes>${attributes.join("")}</cas:attributes></cas:authenticationSuccess>`,
    );
  }

  const server = await tlsServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://x");
    if (pathname === "/cas/login" && request.method === "GET") {
      return response
        .setHeader("content-type", "text/html")
        .end('<form method="post"><input name="login" value=""></form>');
    }
    if (pathname === "/cas/login") {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      return request.on("end", () => {
        const person = people[new URLSearchParams(body).get("login") ?? ""];
        const service = searchParams.get("service") ?? "";
        if (!person) return response.writeHead(401).end("no");
        const ticket = `ST-${randomBytes(16).toString("hex")}`;
        tickets.set(ticket, { service, person });
        const target = new URL(service);
        target.searchParams.set("ticket", ticket);
        return response.writeHead(302, { location: target.href }).end();
      });
    }
    if (/^\/cas\/(p3\/)?serviceValidate$/.test(pathname)) {
      const xml = validate(searchParams);
      return response.setHeader("content-type", "application/xml").end(lie.now?.(xml) ?? xml);
    }
    return response.writeHead(404).end();
  }, days);
  return { url: `${server.url}/cas`, ca: server.ca, lie, close: server.close };
}
