import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../../test/security/door.ts";
import { refusal } from "../../../../test/security/oidc-stage.ts";
import { fresh, ORIGIN, webWays } from "../../../../test/security/web-ways.ts";
import { startCas } from "../../../../test/support/providers/cas.ts";
import { startOidcProvider } from "../../../../test/support/providers/oidc.ts";
import { readRequest, startSamlProvider } from "../../../../test/support/providers/saml.ts";
import { silentServer, tlsServer } from "../../../../test/support/providers/tls.ts";
import { type Fault, newId } from "../../../core/index.ts";
import { postAnswer } from "../../schema.ts";

type Json = Record<string, unknown>;
/** Where a backend's provider is, and whom to trust there. */
interface Place {
  readonly url: string;
  readonly ca: string;
}
const SECRET = "right-secret-of-the-gate";
const people = {
  alice: { sub: "subject-of-alice", name: "Alice", preferred_username: "alice-oidc" },
  bob: { sub: "subject-of-bob", name: "Bob", preferred_username: "bob-oauth2" },
};
const samlAlice = { nameId: "name-id-of-alice", claims: { uid: "alice-saml" } };
const casPeople = { alice: { user: "alice-cas", attributes: {} } };
const ids = { oidc: newId(), oauth2: newId(), saml: newId(), cas: newId() };
type Kind = keyof typeof ids;

let door: Door;
let web: ReturnType<typeof webWays>;
let oidc: Awaited<ReturnType<typeof startOidcProvider>>;
let saml: Awaited<ReturnType<typeof startSamlProvider>>;
let right: Record<Kind, Place>;
let expired: Record<Kind, Place>;
const closing: (() => Promise<void>)[] = [];

/** The settings of a backend whose provider is asked at that place by the gate itself. */
const settingsFor: Readonly<Record<Kind, (place: Place) => Json>> = {
  oidc: ({ url, ca }) => ({ issuer: url, ca, clientId: "gate" }),
  oauth2: ({ url, ca }) => ({
    authorizeUrl: `${oidc.issuer}/auth`,
    tokenUrl: `${url}/token`,
    userInfoUrl: `${url}/me`,
    ca,
    clientId: "gate-oauth2",
    scopes: "openid profile",
    subjectClaim: "sub",
  }),
  saml: ({ url, ca }) => ({ metadataUrl: `${url}/`, ca }),
  cas: ({ url, ca }) => ({ serverUrl: `${url}/cas`, ca }),
};

const startOidc = (days?: number) =>
  startOidcProvider({
    people,
    clients: [
      { client_id: "gate", client_secret: SECRET, redirect_uris: [`${ORIGIN}/sign-in/callback/${ids.oidc}`] },
      {
        client_id: "gate-oauth2",
        client_secret: SECRET,
        token_endpoint_auth_method: "client_secret_post",
        redirect_uris: [`${ORIGIN}/sign-in/callback/${ids.oauth2}`],
      },
    ],
    ...(days !== undefined && { days }),
  });

/** The same providers, at their places; the address of CAS is given without its path. */
async function providers(days?: number) {
  const [one, two, three] = [
    await startOidc(days),
    await startSamlProvider({ ...(days !== undefined && { days }) }),
    await startCas(casPeople, days),
  ];
  closing.push(one.close, two.close, three.close);
  const oidcPlace = { url: one.issuer, ca: one.ca };
  const places: Record<Kind, Place> = {
    oidc: oidcPlace,
    oauth2: oidcPlace,
    saml: { url: two.url, ca: two.ca },
    cas: { url: three.url.replace(/\/cas$/, ""), ca: three.ca },
  };
  return { one, two, places };
}

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  web = webWays(door);
  const working = await providers();
  ({ one: oidc, two: saml, places: right } = working);
  expired = (await providers(-1)).places;
  for (const kind of Object.keys(ids) as Kind[]) {
    const secrets = kind === "oidc" || kind === "oauth2" ? { clientSecret: SECRET } : undefined;
    await web.backend(kind, settingsFor[kind](right[kind]), { id: ids[kind], ...(secrets && { secrets }) });
  }
}, 60_000);
afterAll(async () => {
  for (const close of closing) await close();
  await door?.close();
});

/** From now on the backend looks for its provider there, and waits a second. */
async function point(kind: Kind, place: Place, more: Json = {}): Promise<void> {
  const settings = JSON.stringify({ ...settingsFor[kind](place), timeoutSeconds: 1, ...more });
  await door.db.updateTable("sign_in_backend").set({ settings }).where("id", "=", ids[kind]).execute();
}

/** The person goes to the working provider and comes back with its answer. */
async function leave(kind: Kind) {
  await point(kind, right[kind], { timeoutSeconds: 10 });
  const { location, attempt } = await web.begin(ids[kind]);
  if (kind !== "saml")
    return { attempt, answer: await web.at(location, { login: kind === "oauth2" ? "bob" : "alice" }) };
  const posted = { backendId: ids.saml, relay: readRequest(location).relay };
  const answer = await saml.respond(location, samlAlice);
  const { handle } = await door.call(guest(fresh()), postAnswer, { ...posted, answer });
  return { attempt, answer: { saml: handle } };
}

/** What becomes of a sign-in whose provider is at that place by the time the browser is back. */
async function endAt(kind: Kind, place: Place, more: Json = {}): Promise<{ fault: Fault; ms: number }> {
  const { attempt, answer } = await leave(kind);
  await point(kind, place, more);
  const from = Date.now();
  const fault = await refusal(web.finish(ids[kind], attempt, answer));
  return { fault, ms: Date.now() - from };
}

const words = (text: string): unknown => expect.stringContaining(text);
/** One second to wait for, on a machine that is busy; far less than the ten that are usual. */
const BOUND_MS = 5_000;

describe.each(Object.keys(ids) as Kind[])("signing in by %s", (kind) => {
  test("works with a provider that works", async () => {
    const { attempt, answer } = await leave(kind);
    expect((await web.finish(ids[kind], attempt, answer)).step).toMatchObject({ step: "done" });
  });

  test("ends at a certificate that has expired, and says where to renew it", async () => {
    const { fault } = await endAt(kind, expired[kind]);
    expect(fault).toMatchObject({ code: "upstream", message: words("has expired; have it renewed there") });
  });

  test("ends at a provider that is down, and says what to look at", async () => {
    const gone = await silentServer();
    await gone.close();
    const { fault } = await endAt(kind, { url: gone.url, ca: right[kind].ca });
    expect(fault).toMatchObject({ code: "upstream", message: words("nothing listens there; check the address") });
  });

  test("waits as long as the settings say for one that takes connections and is silent", async () => {
    const silent = await silentServer();
    try {
      const { fault, ms } = await endAt(kind, { url: silent.url, ca: right[kind].ca });
      expect(fault).toMatchObject({ code: "timeout", message: words("within 1 seconds. Check its address") });
      expect(ms).toBeLessThan(BOUND_MS);
    } finally {
      await silent.close();
    }
  });

  test("and for one that is silent under TLS, or stops in the middle of its answer", async () => {
    const mute = await tlsServer(() => {});
    const stuck = await tlsServer((_request, response) => void response.writeHead(200).write("{"));
    try {
      for (const place of [mute, stuck]) {
        const { fault, ms } = await endAt(kind, place);
        expect(fault).toMatchObject({ code: "timeout", message: words("Check its address") });
        expect(ms).toBeLessThan(BOUND_MS);
      }
    } finally {
      await mute.close();
      await stuck.close();
    }
  });
});

describe("a provider that falls silent on the way", () => {
  test.each(["oidc", "saml"] as const)("%s: before the browser is sent there", async (kind) => {
    const silent = await silentServer();
    try {
      await point(kind, { url: silent.url, ca: "" });
      const from = Date.now();
      expect(await refusal(web.begin(ids[kind]))).toMatchObject({
        code: "timeout",
        message: words("Check its address"),
      });
      expect(Date.now() - from).toBeLessThan(BOUND_MS);
    } finally {
      await silent.close();
    }
  });

  test("oauth2: after it gave the token", async () => {
    const silent = await silentServer();
    try {
      const { fault, ms } = await endAt("oauth2", right.oauth2, { userInfoUrl: `${silent.url}/me` });
      expect(fault).toMatchObject({ code: "timeout" });
      expect(ms).toBeLessThan(BOUND_MS);
    } finally {
      await silent.close();
    }
  });

  test("keeps nobody else waiting: another provider lets people in meanwhile", async () => {
    const silent = await silentServer();
    try {
      const ready = await leave("cas");
      await point("oidc", { url: silent.url, ca: "" }, { timeoutSeconds: 10 });
      let waits = true;
      const slow = Array.from({ length: 20 }, () => refusal(web.begin(ids.oidc)));
      const all = Promise.all(slow).finally(() => (waits = false));
      expect((await web.finish(ids.cas, ready.attempt, ready.answer)).step).toMatchObject({ step: "done" });
      expect(waits).toBe(true);
      await silent.close();
      await all;
    } finally {
      await silent.close();
    }
  });
});

describe("a person whom the provider does not let in", () => {
  test("oauth2: comes back with its refusal and stays outside", async () => {
    await point("oauth2", right.oauth2);
    const { location, attempt } = await web.begin(ids.oauth2);
    const answer = await web.at(location, { login: "nobody" });
    expect(answer).toMatchObject({ error: "access_denied" });
    expect(await refusal(web.finish(ids.oauth2, attempt, answer))).toMatchObject({ code: "unauthenticated" });
  });

  test("saml: comes back with a status that is no success", async () => {
    await point("saml", right.saml);
    const { location, attempt } = await web.begin(ids.saml);
    const status = { samlStatusCode: "urn:oasis:names:tc:SAML:2.0:status:Responder" };
    const made = Buffer.from(await saml.respond(location, samlAlice, status), "base64").toString();
    const bare = made.replace(/<saml:Assertion[\s\S]*<\/saml:Assertion>/, "");
    expect(bare).not.toContain("name-id-of-alice");
    const { handle } = await door.call(guest(fresh()), postAnswer, {
      backendId: ids.saml,
      relay: readRequest(location).relay,
      answer: Buffer.from(bare).toString("base64"),
    });
    const fault = await refusal(web.finish(ids.saml, attempt, { saml: handle }));
    expect(fault).toMatchObject({ code: "unauthenticated", message: words("did not let you in") });
  });

  test("cas: a ticket that the server never gave out", async () => {
    const { attempt, answer } = await leave("cas");
    const ticket = `ST-${"0".repeat(32)}`;
    const fault = await refusal(web.finish(ids.cas, attempt, { ...answer, ticket }));
    expect(fault).toMatchObject({ code: "unauthenticated", message: words("INVALID_TICKET") });
  });
});
