import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../../test/security/door.ts";
import { refusal } from "../../../../test/security/oidc-stage.ts";
import { ORIGIN, webWays } from "../../../../test/security/web-ways.ts";
import { startCas } from "../../../../test/support/providers/cas.ts";
import { silentServer } from "../../../../test/support/providers/tls.ts";
import { newId } from "../../../core/index.ts";
import { signOut } from "../../schema.ts";
import { backends } from "../index.ts";

const people = {
  alice: { user: "alice", attributes: { mail: "alice@example.org", name: "Alice <A&B>", memberOf: ["ops", "hr"] } },
  root: { user: "local-root", attributes: {} },
};
let door: Door;
let web: ReturnType<typeof webWays>;
let server: Awaited<ReturnType<typeof startCas>>;
let id: string;

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  web = webWays(door);
  server = await startCas(people);
  id = await web.backend("cas", { serverUrl: server.url, ca: server.ca, emailClaim: "mail" });
});
afterEach(() => void (server.lie.now = null));
afterAll(async () => {
  await server?.close();
  await door?.close();
});

async function signIn(login: keyof typeof people = "alice") {
  const { location, attempt } = await web.begin(id);
  return web.finish(id, attempt, await web.at(location, { login }));
}

describe("signing in by CAS", () => {
  test("takes a ticket, reads the attributes, and signs out there", async () => {
    const { step, token } = await signIn();
    expect(step).toMatchObject({ step: "done", me: { loginName: "alice", name: "Alice <A&B>" } });
    const { goTo } = await door.call(await web.identify({ token }), signOut, {});
    expect(goTo).toBe(`${server.url}/logout?service=${encodeURIComponent(`${ORIGIN}/`)}`);
  });

  test("a user of an equal name stays somebody else", async () => {
    await door.person("local-root");
    expect((await refusal(signIn("root"))).code).toBe("denied");
  });

  test("a ticket counts once, for the browser that began, and for the service it was made for", async () => {
    const { location, attempt } = await web.begin(id);
    const answer = await web.at(location, { login: "alice" });
    const victim = await web.begin(id);
    expect((await refusal(web.finish(id, victim.attempt, answer))).code).toBe("unauthenticated");
    expect((await refusal(web.finish(id, "", answer))).code).toBe("unauthenticated");
    expect((await web.finish(id, attempt, answer)).step.step).toBe("done");
    const again = await web.begin(id);
    const state = /state%3D([\w-]+)/.exec(again.location)?.[1] ?? "";
    expect((await refusal(web.finish(id, again.attempt, { ...answer, state }))).message).toContain("used already");
    // A ticket of another service: the server is asked with our own state and refuses.
    const other = await web.begin(id);
    const stolen = await web.at(other.location, { login: "alice" });
    const mine = await web.begin(id);
    const mineState = /state%3D([\w-]+)/.exec(mine.location)?.[1] ?? "";
    const fault = await refusal(web.finish(id, mine.attempt, { ...stolen, state: mineState }));
    expect(fault.message).toContain("INVALID_SERVICE");
  });

  test("a ticket that is none, or holds an address, is not even sent", async () => {
    for (const ticket of ["", "ST-made-up", "PT-proxy", "ST-a&service=https://evil.test", `ST-${"x".repeat(300)}`]) {
      const { location, attempt } = await web.begin(id);
      const { state = "" } = await web.at(location, { login: "alice" });
      expect((await refusal(web.finish(id, attempt, { state, ticket }))).code).toBe("unauthenticated");
    }
  });

  test("an answer that says two things, speaks for a proxy, or is no XML lets nobody in", async () => {
    const lies: ((xml: string) => string)[] = [
      (xml) => xml.replace("</cas:user>", "</cas:user><cas:user>root</cas:user>"),
      (xml) =>
        xml.replace("</cas:user>", "</cas:user><cas:proxies><cas:proxy>https://p.test</cas:proxy></cas:proxies>"),
      (xml) =>
        xml.replace("<cas:authenticationSuccess>", '<cas:authenticationFailure code="X"/><cas:authenticationSuccess>'),
      (xml) => xml.replace("alice<", "al<!-- -->ice<"),
      (xml) => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`,
      () => "yes\nalice\n",
      () => "",
    ];
    for (const lie of lies) {
      server.lie.now = lie;
      expect(["unauthenticated", "upstream"]).toContain((await refusal(signIn())).code);
    }
  });
});

test("a server that is not there, never answers or has a certificate of nobody is told", async () => {
  const entry = backends.get("cas");
  const check = (more: object, ms = 5_000): Promise<void> => {
    const settings: unknown = entry.settings.parse({ serverUrl: server.url, ca: server.ca, ...more });
    return entry.check({ settings, id: newId(), signal: AbortSignal.timeout(ms), say: () => {} });
  };
  await expect(check({})).resolves.toBeUndefined();
  expect((await refusal(check({ serverUrl: `${server.url}/nowhere` }))).code).toBe("upstream");
  expect((await refusal(check({ ca: "" }))).message).toContain("trusted");
  const silent = await silentServer();
  expect((await refusal(check({ serverUrl: silent.url }, 800))).code).toBe("timeout");
  await silent.close();
  expect((await refusal(check({ serverUrl: silent.url }))).code).toBe("upstream");
});
