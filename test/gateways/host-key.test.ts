import { afterAll, beforeAll, expect, it } from "vitest";
import { acceptHostKey, readAsset } from "../../src/assets/schema.ts";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { type Sshd } from "../support/sshd.ts";
import { freePort, Refused } from "../support/program.ts";
import { direct, ssh } from "./clients.ts";
import { endOf, type Person, sessionOf, setStage, type Stage, startTarget, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
let port: number;
let server: Sshd;

beforeAll(async () => {
  stage = await setStage();
  port = await freePort();
  server = await serverAt(port);
  target = await stage.target({ port });
  person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await stage?.close();
}, 30_000);

/** The first Port line of an OpenSSH configuration does not stand alone: the support's own is closed off by ListenAddress. */
const serverAt = (at: number): Promise<Sshd> => startTarget({ config: [`ListenAddress 127.0.0.1:${at}`] });
const hostKeys = async () => (await stage.admin.call(readAsset, { id: target.assetId })).hostKeys;
const run = () => ssh(stage, person, direct(person, target), ["echo in"]).done;
const eventsOf = async (action: string) =>
  (await stage.admin.call(listAuditEvents, { action, targetId: target.assetId })).items;

it("pins the key of the first connection, once", async () => {
  expect(await hostKeys()).toEqual([]);
  const first = await Promise.all([run(), run(), run()]);
  for (const { out } of first) expect(out.toString()).toBe("in\n");
  expect(await hostKeys()).toMatchObject([
    { state: "pinned", port, fingerprint: server.fingerprint, algorithm: "ssh-ed25519" },
  ]);
  const events = await eventsOf("asset.host-key.pin");
  expect(events.length).toBeGreaterThanOrEqual(1);
  expect(events[0]).toMatchObject({ outcome: "ok", actor: { id: person.id }, via: "ssh" });
  expect(JSON.stringify(events[0]?.fields)).toContain(server.fingerprint);
});

it("refuses a changed key, names both, and gives the target no credential", async () => {
  const before = server.fingerprint;
  await server.stop();
  server = await serverAt(port);
  expect(server.fingerprint).not.toBe(before);
  const { code, out, err } = await run();
  expect(code).toBe(254);
  expect(out.length).toBe(0);
  expect(err).toContain(before);
  expect(err).toContain(server.fingerprint);
  expect(err).toMatch(/administrator/);
  expect(server.log()).not.toMatch(/Accepted|Failed|Postponed|userauth-request|authenticating user/i);
  const session = await sessionOf(stage, person, "ended");
  expect(await endOf(stage, session.id)).toMatchObject({
    endReason: "refused",
    endDetail: expect.stringContaining(server.fingerprint),
  });
  expect((await hostKeys()).map(({ state, fingerprint }) => [state, fingerprint]).toSorted()).toEqual([
    ["offered", server.fingerprint],
    ["pinned", before],
  ]);
  expect(await eventsOf("asset.host-key.refuse")).not.toEqual([]);
});

it("does not let just anybody, nor just any key, be accepted", async () => {
  const simple = await stage.program.signIn(person.loginName, person.password);
  const wish = { id: target.assetId, port, fingerprint: server.fingerprint };
  await expect(simple.call(acceptHostKey, wish)).rejects.toMatchObject({ status: 403 });
  await expect(stage.admin.call(acceptHostKey, { ...wish, fingerprint: "SHA256:made-up" })).rejects.toBeInstanceOf(
    Refused,
  );
  expect((await run()).code).toBe(254);
});

it("works again when an administrator accepted the new key", async () => {
  await stage.admin.call(acceptHostKey, { id: target.assetId, port, fingerprint: server.fingerprint });
  expect((await run()).out.toString()).toBe("in\n");
  expect(await hostKeys()).toMatchObject([{ state: "pinned", fingerprint: server.fingerprint }]);
  expect((await eventsOf("asset.host-key.accept"))[0]).toMatchObject({ outcome: "ok", actor: { name: "Ada Admin" } });
});
