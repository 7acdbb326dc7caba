import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../../test/security/door.ts";
import { refusal } from "../../../../test/security/oidc-stage.ts";
import { fresh, ORIGIN, webWays } from "../../../../test/security/web-ways.ts";
import {
  encryptedTo,
  readRequest,
  type SamlPerson,
  startSamlProvider,
} from "../../../../test/support/providers/saml.ts";
import { certificate } from "../../../../test/support/providers/tls.ts";
import { newId } from "../../../core/index.ts";
import { postAnswer, readProviderMetadata } from "../../schema.ts";
import { backends } from "../index.ts";
import { providerIn } from "./saml-metadata.ts";
import { parseXml } from "./xml.ts";

const alice: SamlPerson = {
  nameId: "name-id-of-alice",
  claims: { uid: "alice", displayName: "Alice Example", mail: "alice@example.org", groups: ["ops", "hr"] },
};
const ids = { pasted: newId(), fetched: newId() };
let door: Door;
let web: ReturnType<typeof webWays>;
let provider: Awaited<ReturnType<typeof startSamlProvider>>;
let own: { cert: string; key: string };

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  web = webWays(door);
  [provider, own] = [await startSamlProvider(), await certificate()];
  await web.backend("saml", { metadataXml: provider.metadata }, { id: ids.pasted });
  const settings = { metadataUrl: `${provider.url}/`, ca: provider.ca, certificate: own.cert, entityId: "urn:gate" };
  await web.backend("saml", settings, { id: ids.fetched, secrets: { privateKey: own.key } });
});
afterAll(async () => {
  await provider?.close();
  await door?.close();
});

/** The browser posts the response from the provider's site: without any cookie. Returns the handle. */
const post = async (backendId: string, relay: string, answer: string): Promise<string> =>
  (await door.call(guest(fresh()), postAnswer, { backendId, relay, answer })).handle;

type Change = (xml: string) => string;

/** Signs in, with the response changed on its way. */
async function signIn(
  more: Record<string, unknown> = {},
  change: Change = (xml) => xml,
  id = ids.pasted,
  person = alice,
) {
  const { location, attempt } = await web.begin(id);
  const made = Buffer.from(await provider.respond(location, person, more), "base64").toString();
  const answer = Buffer.from(change(made)).toString("base64");
  const handle = await post(id, readRequest(location).relay, answer);
  return web.finish(id, attempt, { saml: handle });
}

describe("signing in by SAML", () => {
  test("takes a signed assertion and binds by entity id and name identifier", async () => {
    const { step, token } = await signIn();
    expect(step).toMatchObject({
      step: "done",
      me: { loginName: "alice", name: "Alice Example" },
      returnTo: "/console",
    });
    const { id } = await web.identify({ token });
    const rows = await door.db.selectFrom("identity").select(["issuer", "subject"]).where("user_id", "=", id).execute();
    expect(rows).toEqual([{ issuer: provider.entityId, subject: alice.nameId }]);
    expect((await signIn({ signResponse: true })).step.step).toBe("done");
  });

  test("takes an encrypted assertion, signs its own request, reads metadata from their address", async () => {
    const { location } = await web.begin(ids.fetched);
    expect(readRequest(location)).toMatchObject({ signed: true, issuer: "urn:gate" });
    const bob = { nameId: "name-id-of-bob", claims: { uid: "bob" } };
    const { step } = await signIn(encryptedTo(own.cert), undefined, ids.fetched, bob);
    expect(step).toMatchObject({ step: "done", me: { loginName: "bob" } });
    const fault = await refusal(
      signIn({ ...encryptedTo(own.cert), signAssertion: false }, undefined, ids.fetched, bob),
    );
    expect(fault.code).toBe("unauthenticated");
  });

  test("publishes its own metadata to anybody", async () => {
    const chunks: string[] = [];
    for (const backendId of [ids.pasted, ids.fetched]) {
      const bodies: AsyncIterable<Uint8Array>[] = [];
      await door.call({ ...guest(), origin: ORIGIN }, readProviderMetadata, { backendId }, (one) => {
        if (one.kind === "download") bodies.push(one.body);
      });
      for await (const chunk of bodies[0]!) chunks.push(Buffer.from(chunk).toString());
    }
    const [first = "", second = ""] = chunks;
    expect(first).toContain(`entityID="${ORIGIN}/api/sign-in/metadata/${ids.pasted}"`);
    expect(first).toContain(`Location="${ORIGIN}/sign-in/callback/${ids.pasted}"`);
    expect(first).toContain('WantAssertionsSigned="true"');
    expect(second).toContain('use="encryption"');
    expect(chunks.join()).not.toContain("PRIVATE");
  });
});

describe("an answer is refused", () => {
  const forged: Record<string, () => Promise<unknown>> = {
    "that nobody signed": () => signIn({ signAssertion: false }),
    "of which only the response around it is signed": () => signIn({ signAssertion: false, signResponse: true }),
    "that was signed with another key": () => signIn({ cert: own.cert, key: own.key }),
    "that was changed": () => signIn({}, (xml) => xml.replace(alice.nameId, "name-id-of-root")),
    "with an attribute that was changed": () => signIn({}, (xml) => xml.replaceAll(">alice<", ">root<")),
    "whose name holds a comment": () => signIn({}, (xml) => xml.replace(alice.nameId, "name-id-<!-- -->of-alice")),
    "for another audience": () => signIn({ audience: "https://other.test" }),
    "for another recipient": () => signIn({ recipient: "https://other.test/acs" }),
    "for another destination": () => signIn({ destination: "https://other.test/acs" }),
    "of another issuer": () => signIn({ issuer: "https://evil.test" }),
    "to another request": () => signIn({ inResponseTo: "_another" }),
    "that is out of date": () => signIn({ lifetimeInSeconds: -120 }),
    "that is signed with SHA-1": () => signIn({ signatureAlgorithm: "rsa-sha1", digestAlgorithm: "sha1" }),
    "with a document type": () => signIn({}, (xml) => `<!DOCTYPE x [<!ENTITY a "aaaa">]>${xml}`),
    "that is no XML": () => signIn({}, () => "certainly not"),
    "whose name is new each time": () =>
      signIn({}, undefined, ids.pasted, {
        ...alice,
        format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
      }),
  };
  for (const [what, attempt] of Object.entries(forged)) {
    test(`${what}`, async () => {
      const fault = await refusal(attempt());
      expect(fault.code).toBe("unauthenticated");
      expect(fault.message).not.toContain("alice");
    });
  }

  test("that nobody asked for, in a response that says otherwise", async () => {
    // The response is unsigned, so that a thief can write our request's id into it; the assertion says nothing of it.
    const { location, attempt } = await web.begin(ids.pasted);
    const { id, relay } = readRequest(location);
    const stolen = await provider.respond(location, alice, { inResponseTo: undefined });
    const xml = Buffer.from(stolen, "base64")
      .toString()
      .replace("<samlp:Response", `<samlp:Response InResponseTo="${id}"`);
    expect(xml.split("InResponseTo=")).toHaveLength(2);
    const handle = await post(ids.pasted, relay, Buffer.from(xml).toString("base64"));
    expect((await refusal(web.finish(ids.pasted, attempt, { saml: handle }))).code).toBe("unauthenticated");
  });

  test("whose signature covers another element than the one that is read (wrapping)", async () => {
    const wrap: Change = (xml) => {
      const assertion = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml)?.[0] ?? "";
      const evil = assertion
        .replace(/<Signature[\s\S]*<\/Signature>/, "")
        .replace(/ID="[^"]+"/, 'ID="_evil"')
        .replace(alice.nameId, "name-id-of-root");
      expect(evil).toContain("name-id-of-root");
      return xml.replace(assertion, `${evil}<samlp:Extensions>${assertion}</samlp:Extensions>`);
    };
    expect((await refusal(signIn({}, wrap))).code).toBe("unauthenticated");
    const both: Change = (xml) => wrap(xml).replace("<samlp:Extensions>", "").replace("</samlp:Extensions>", "");
    expect((await refusal(signIn({}, both))).code).toBe("unauthenticated");
  });

  test("the second time: by the handle, by the relay, and by the assertion's id", async () => {
    const { location, attempt } = await web.begin(ids.pasted);
    const answer = await provider.respond(location, alice);
    const { relay } = readRequest(location);
    const handle = await post(ids.pasted, relay, answer);
    expect((await refusal(post(ids.pasted, relay, answer))).code).toBe("unauthenticated");
    expect((await web.finish(ids.pasted, attempt, { saml: handle })).step.step).toBe("done");
    expect((await refusal(web.finish(ids.pasted, attempt, { saml: handle }))).code).toBe("unauthenticated");
    const entry = backends.get("saml");
    if (entry.flow !== "redirect") throw new Error("SAML is a redirect");
    const call = { id: ids.pasted, signal: AbortSignal.timeout(10_000), say: () => {} };
    const settings: unknown = entry.settings.parse({ metadataXml: provider.metadata });
    const callback = `${ORIGIN}/sign-in/callback/${ids.pasted}`;
    const begun = await entry.begin({ ...call, settings }, { callback, certificatePort: null });
    const posted = await provider.respond(begun.location, alice);
    const spent = new Set<string>();
    const spend = async (proof: string) => !spent.has(proof) && Boolean(spent.add(proof));
    const finish = () =>
      entry.finish({ ...call, settings }, { callback, answer: { posted }, memory: begun.memory, spend });
    expect((await finish()).subject).toBe(alice.nameId);
    expect((await refusal(finish())).message).toContain("used already");
  });
});

describe("the browser that began is the one that ends", () => {
  test("somebody else's answer, posted by a victim's browser, signs the victim in as nobody (login CSRF)", async () => {
    const thief = await web.begin(ids.pasted);
    const answer = await provider.respond(thief.location, alice);
    const handle = await post(ids.pasted, readRequest(thief.location).relay, answer);
    expect((await refusal(web.finish(ids.pasted, "", { saml: handle }))).code).toBe("unauthenticated");
    const victim = await web.begin(ids.pasted);
    expect((await refusal(web.finish(ids.pasted, victim.attempt, { saml: handle }))).code).toBe("unauthenticated");
    expect((await web.finish(ids.pasted, thief.attempt, { saml: handle })).step.step).toBe("done");
  });

  test("an answer with a relay that nobody gave, of another backend, or brought past the post is refused", async () => {
    const { location, attempt } = await web.begin(ids.pasted);
    const answer = await provider.respond(location, alice);
    const { relay } = readRequest(location);
    expect((await refusal(post(ids.pasted, "x".repeat(43), answer))).code).toBe("unauthenticated");
    expect((await refusal(post(ids.fetched, relay, answer))).code).toBe("unauthenticated");
    expect((await refusal(web.finish(ids.pasted, attempt, { posted: answer }))).code).toBe("unauthenticated");
  });

  test("the handle of another answer fetches none, be the sign-in one's own", async () => {
    const [mine, other] = [await web.begin(ids.pasted), await web.begin(ids.pasted)];
    await post(ids.pasted, readRequest(mine.location).relay, await provider.respond(mine.location, alice));
    const theirs = await post(
      ids.pasted,
      readRequest(other.location).relay,
      await provider.respond(other.location, alice),
    );
    for (const saml of [theirs, "x".repeat(43)])
      expect((await refusal(web.finish(ids.pasted, mine.attempt, { saml }))).code).toBe("unauthenticated");
  });

  test("the answer lies sealed until it is fetched", async () => {
    const { location } = await web.begin(ids.pasted);
    const answer = await provider.respond(location, alice);
    await post(ids.pasted, readRequest(location).relay, answer);
    const rows = await door.db.selectFrom("posted_answer").select("answer").where("answer", "is not", null).execute();
    expect(rows.length).toBeGreaterThan(0);
    for (const { answer: kept } of rows) expect(kept?.toString("latin1")).not.toContain(answer.slice(100, 140));
    expect(JSON.stringify(await door.events("sign-in.posted"))).not.toContain(answer.slice(100, 140));
  });
});

describe("a provider that cannot be used", () => {
  const check = (settings: object): Promise<void> => {
    const entry = backends.get("saml");
    const parsed: unknown = entry.settings.parse(settings);
    return entry.check({ settings: parsed, id: newId(), signal: AbortSignal.timeout(3_000), say: () => {} });
  };

  test("is told from one that works", async () => {
    await expect(check({ metadataUrl: `${provider.url}/`, ca: provider.ca })).resolves.toBeUndefined();
    expect((await refusal(check({}))).code).toBe("invalid");
    expect((await refusal(check({ metadataUrl: `${provider.url}/x` }))).message).toContain("trusted");
    expect((await refusal(check({ metadataXml: "<a/>" }))).code).toBe("invalid");
    expect(
      (await refusal(check({ metadataXml: provider.metadataWith('validUntil="2020-01-01T00:00:00Z"') }))).message,
    ).toContain("out of date");
    expect(
      (
        await refusal(
          check({ metadataXml: provider.metadata.replaceAll("https://idp.test/sso", "javascript:alert(1)//") }),
        )
      ).code,
    ).toBe("invalid");
  });

  test("has a certificate that has expired, for TLS or for signing", async () => {
    const old = await startSamlProvider({ days: -1, signingDays: -1 });
    expect((await refusal(check({ metadataUrl: `${old.url}/`, ca: old.ca }))).message).toContain("expired");
    expect((await refusal(check({ metadataXml: old.metadata }))).message).toContain("expired");
    expect(() => providerIn(old.metadata, new Date(Date.now() - 1.5 * 86_400_000))).not.toThrow();
    await old.close();
    expect((await refusal(check({ metadataUrl: `${old.url}/down`, ca: old.ca }))).message).toContain("nothing listens");
  });
});

describe("XML", () => {
  test("that would grow, go deep or never end is refused in no time", () => {
    const bombs = [
      '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
      "<a>&b;</a>",
      "<a>".repeat(60_000),
      `${"<a>".repeat(100)}${"</a>".repeat(100)}`,
      `<a>${"<b/>".repeat(25_000)}</a>`,
      `<a${" ".repeat(200_000)}`,
      `<a ${'b="c" '.repeat(30_000)}`,
      `<a b='${"x".repeat(200_000)}`,
      "<!--".repeat(50_000),
      "<![CDATA[".repeat(20_000),
      "<a></b>",
      "<a/><b/>",
      "",
    ];
    const from = performance.now();
    for (const bomb of bombs) expect(() => parseXml(bomb)).toThrow("XML");
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  test("is read with entities, CDATA and prefixes", () => {
    expect(parseXml('<x:a y="1 &lt; 2"><b>&#65;&#x42;<![CDATA[<c>]]></b><!-- d --></x:a>')).toEqual({
      name: "a",
      attributes: { y: "1 < 2" },
      text: "",
      children: [{ name: "b", attributes: {}, text: "AB<c>", children: [] }],
    });
  });
});
