import { randomBytes } from "node:crypto";
import { z } from "zod";
import { Fault, plain } from "../../../core/index.ts";
import type { BackendCall, RedirectBackend } from "../backend.ts";
import { claimAt, claimSettings, type Claims, identityOf, textOf } from "./claims.ts";
import { equal } from "./equal.ts";
import { reachSettings, ProviderUrl } from "./fields.ts";
import { askProvider } from "./request.ts";
import { type Element, parseXml } from "./xml.ts";

const Settings = z.object({
  serverUrl: ProviderUrl.describe("Address of the CAS server, as https://cas.example.org/cas"),
  version: z.enum(["3", "2"]).default("3").describe("Version of the protocol; attributes come with 3"),
  subjectClaim: plain(z.string().trim().max(256))
    .default("")
    .describe(
      "Attribute that names the person for good; empty: the CAS user name, which must then never pass to another",
    ),
  ...claimSettings,
  loginNameClaim: plain(z.string().trim().max(256)).default("user").describe("Attribute with the login name"),
  signOutThere: z.boolean().default(true).describe("Signing out here also signs out at the CAS server"),
  ...reachSettings,
});
type Settings = z.output<typeof Settings>;

const Memory = z.object({ state: z.string() });
const TICKET = /^ST-[\x21-\x7e]{1,256}$/;
/** A ticket is refused by the server sooner. */
const TICKET_MS = 60 * 60_000;

const at = ({ serverUrl }: Settings, path: string): URL => new URL(`${serverUrl.replace(/\/+$/, "")}/${path}`);

/** The state travels within the service, which the ticket is bound to. */
const serviceOf = (callback: string, state: string): string => `${callback}?state=${state}`;

async function finish(
  call: BackendCall<Settings>,
  { callback, answer, memory, spend }: Parameters<RedirectBackend<Settings>["finish"]>[1],
) {
  const { state } = Memory.parse(memory);
  const { ticket = "" } = answer;
  if (!equal(answer.state ?? "", state) || !TICKET.test(ticket)) {
    throw new Fault("unauthenticated", "This answer does not belong to your sign-in. Begin again.");
  }
  if (!(await spend(ticket, new Date(Date.now() + TICKET_MS)))) {
    throw new Fault("unauthenticated", "This ticket was used already. Begin again.");
  }
  const claims = await validated(call, serviceOf(callback, state), ticket);
  call.say(`The ticket is good; it tells ${Object.keys(claims).join(", ")}.`);
  const { subjectClaim, serverUrl, signOutThere } = call.settings;
  const subject = textOf(claimAt(claims, subjectClaim || "user"));
  return identityOf(
    { issuer: serverUrl, subject, memory: signOutThere ? { cas: true } : undefined },
    claims,
    call.settings,
  );
}

async function validated(
  { settings, signal }: BackendCall<Settings>,
  service: string,
  ticket: string,
): Promise<Claims> {
  const url = at(settings, settings.version === "3" ? "p3/serviceValidate" : "serviceValidate");
  url.searchParams.set("service", service);
  url.searchParams.set("ticket", ticket);
  const { status, body } = await askProvider({
    url: url.href,
    reach: settings,
    signal,
    headers: { accept: "application/xml" },
  });
  if (status !== 200) throw new Fault("upstream", `The CAS server answers HTTP ${status}. Look at its address.`);
  return claimsIn(readAnswer(body));
}

function readAnswer(body: string): Element {
  try {
    const root = parseXml(body.trim(), "refused");
    if (root.name === "serviceResponse" && root.children.length === 1) return root.children[0]!;
  } catch {}
  throw new Fault("upstream", "The CAS server's answer cannot be read. Look at its address and version.");
}

/** The user and the attributes of a success; one that stands in the name of a proxy is none. */
function claimsIn(outcome: Element): Claims {
  const [user, ...more] = outcome.children.filter(({ name }) => name === "user");
  const proxied = outcome.children.some(({ name }) => name === "proxies");
  if (outcome.name !== "authenticationSuccess" || !user || more.length > 0 || proxied || user.children.length > 0) {
    const code = /^[A-Z_]{1,64}$/.exec(outcome.attributes.code ?? "")?.[0] ?? "no reason";
    throw new Fault("unauthenticated", `The CAS server does not let you in (${code}). Begin again.`);
  }
  const claims = new Map<string, string[]>();
  for (const { name, text } of outcome.children.find((child) => child.name === "attributes")?.children ?? []) {
    claims.set(name, [...(claims.get(name) ?? []), text.trim()]);
  }
  return { ...Object.fromEntries(claims), user: user.text.trim() };
}

/** CAS, protocol 3 or 2; elements are told apart by their local names only. */
export const cas: RedirectBackend<Settings> = {
  kind: "cas",
  title: "CAS",
  flow: "redirect",
  settings: Settings,
  finish,

  async begin({ settings }, { callback }) {
    const memory = { state: randomBytes(32).toString("base64url") };
    const location = at(settings, "login");
    location.searchParams.set("service", serviceOf(callback, memory.state));
    return { location: location.href, memory };
  },

  async check({ settings, signal, say }) {
    const url = at(settings, "serviceValidate");
    url.search = "service=https%3A%2F%2Fsallyport.invalid&ticket=ST-none";
    const { body } = await askProvider({ url: url.href, reach: settings, signal });
    say(`The server answers ${readAnswer(body).attributes.code ?? "without a code"} to a ticket that does not exist.`);
  },

  async signOut({ settings }, { returnTo }) {
    if (!settings.signOutThere) return null;
    const location = at(settings, "logout");
    location.searchParams.set("service", returnTo);
    return location.href;
  },
};
