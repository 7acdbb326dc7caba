import { createSocket } from "node:dgram";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { refusal } from "../../../test/security/oidc-stage.ts";
import { fresh, webWays } from "../../../test/security/web-ways.ts";
import { type FreeRadius, freeUdpPort, startFreeRadius } from "../../../test/support/freeradius.ts";
import { silentServer } from "../../../test/support/providers/tls.ts";
import { BASE, makeCertificate, personLdif, READER, type Slapd, startSlapd } from "../../../test/support/slapd.ts";
import { newId } from "../../core/index.ts";
import { createUser, signIn } from "../schema.ts";

type Json = Record<string, unknown>;
const PASSWORD = "correct horse battery";
const ids = { ldap: newId(), radius: newId() };
/** Fewer connections to the database than people who wait for a backend. */
const CONNECTIONS = 4;
let door: Door;
let slapd: Slapd;
let server: FreeRadius;
/** Ports that take what is sent and never say a word. */
let silent: { ldap: string; ldaps: string; radius: string; close(): Promise<void> };

beforeAll(async () => {
  door = await openDoor({ max: CONNECTIONS });
  [slapd, server, silent] = [await startSlapd(), await startFreeRadius(), await startSilent()];
  await slapd.change(personLdif("lea"));
  const web = webWays(door);
  await web.backend("ldap", ldap(), { id: ids.ldap, name: "A", secrets: { bindPassword: READER.password } });
  await web.backend("radius", radius(), { id: ids.radius, name: "B", secrets: { secret: server.secret } });
  const admin = await door.person("root-admin", { roles: ["administrator"] });
  await door.call(admin, createUser, { loginName: "local", name: "Local", password: PASSWORD });
}, 60_000);
beforeEach(async () => {
  await point("ldap", ldap());
  await point("radius", radius());
});
afterAll(async () => {
  await silent?.close();
  await slapd?.stop();
  await server?.stop();
  await door?.close();
});

async function startSilent() {
  const tcp = await silentServer();
  const udp = createSocket("udp4");
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  const { host } = new URL(tcp.url);
  return {
    ldap: `ldap://${host}`,
    ldaps: `ldaps://${host}`,
    radius: `127.0.0.1:${udp.address().port}`,
    close: async () => {
      udp.close();
      await tcp.close();
    },
  };
}

const ldap = (more: Json = {}): Json => ({
  servers: [slapd.url],
  caCertificate: slapd.certificate,
  bindDn: READER.dn,
  bases: [`ou=people,${BASE}`],
  timeoutSeconds: 1,
  ...more,
});
const radius = (more: Json = {}): Json => ({ servers: [server.address], timeoutSeconds: 1, tries: 1, ...more });

const point = async (kind: keyof typeof ids, settings: Json): Promise<void> => {
  const row = { settings: JSON.stringify(settings) };
  await door.db.updateTable("sign_in_backend").set(row).where("id", "=", ids[kind]).execute();
};
const enter = (loginName: string, password: string) => door.call(guest(fresh()), signIn, { loginName, password });
const words = (text: string): unknown => expect.stringContaining(text);

/** How a sign-in was refused, and after how long. */
async function timed(loginName: string) {
  const from = Date.now();
  const fault = await refusal(enter(loginName, "whatever it was"));
  return { fault, ms: Date.now() - from };
}

/** One second of waiting, on a machine that is busy. */
const BOUND_MS = 6_000;

describe("name and password at a directory and a RADIUS server", () => {
  test("let in whoever one of them knows, and nobody with a wrong password", async () => {
    expect(await enter("lea", "lea-password")).toMatchObject({ step: "done", me: { loginName: "lea" } });
    expect(await enter("ann", "ann-password")).toMatchObject({ step: "done", me: { loginName: "ann" } });
    for (const loginName of ["lea", "ann", "*", "lea)(|(uid=*", "nobody"]) {
      expect((await refusal(enter(loginName, "wrong"))).code).toBe("unauthenticated");
    }
  });

  test("a directory whose certificate has expired is sent nothing, and the person is told", async () => {
    const certificate = await makeCertificate({ days: -1 });
    const old = await startSlapd({ certificate });
    try {
      for (const servers of [[old.url], [old.tlsUrl]]) {
        await point("ldap", ldap({ servers, caCertificate: certificate.cert }));
        expect(await refusal(enter("lea", "lea-password"))).toMatchObject({
          code: "upstream",
          message: words("has expired. Have it renewed there."),
        });
      }
    } finally {
      await old.stop();
    }
  });

  test("one that is down is told from a wrong password, and says what to look at", async () => {
    const down = await startSlapd();
    await down.stop();
    await point("ldap", ldap({ servers: [down.url] }));
    expect(await refusal(enter("lea", "lea-password"))).toMatchObject({ code: "upstream", message: words("Check") });
    await point("ldap", ldap());
    await point("radius", radius({ servers: [`127.0.0.1:${await freeUdpPort()}`] }));
    expect(await refusal(enter("ann", "ann-password"))).toMatchObject({ code: "upstream", message: words("Check") });
  });
});

describe("one that never answers", () => {
  test("is waited for as long as its settings say, and the person is told what to look at", async () => {
    for (const servers of [[silent.ldap], [silent.ldaps]]) {
      await point("ldap", ldap({ servers }));
      const { fault, ms } = await timed("lea");
      expect(fault).toMatchObject({ code: "timeout", message: words("Check the port, and firewalls") });
      expect(ms).toBeLessThan(BOUND_MS);
    }
    await point("ldap", ldap());
    await point("radius", radius({ servers: [silent.radius] }));
    const { fault, ms } = await timed("ann");
    expect(fault).toMatchObject({ code: "timeout", message: words("Check the address and the port") });
    expect(ms).toBeLessThan(BOUND_MS);
  });

  test("keeps nobody out whom the next one knows", async () => {
    await point("ldap", ldap({ servers: [silent.ldap] }));
    expect(await enter("ann", "ann-password")).toMatchObject({ step: "done" });
    await point("ldap", ldap());
    await point("radius", radius({ servers: [silent.radius] }));
    expect(await enter("lea", "lea-password")).toMatchObject({ step: "done" });
  });

  test("is not asked about a local password, and lets such people in while many others wait for it", async () => {
    const long = { timeoutSeconds: 5 };
    await point("ldap", ldap({ servers: [silent.ldap], ...long }));
    await point("radius", radius({ servers: [silent.radius], ...long }));
    let waiting = 3 * CONNECTIONS;
    const others = Array.from({ length: waiting }, (_, at) => timed(`other-${at}`).finally(() => waiting--));
    expect(await enter("local", PASSWORD)).toMatchObject({ step: "done", me: { loginName: "local" } });
    expect(waiting).toBe(3 * CONNECTIONS);
    for (const { fault } of await Promise.all(others)) expect(fault.code).toBe("timeout");
  }, 60_000);
});
