import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FreeRadius, startFreeRadius } from "../../../test/support/freeradius.ts";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, newId } from "../../core/index.ts";
import { createSignInBackend, deleteSignInBackend } from "../schema.ts";
import type { FactorContext } from "./factor.ts";
import { radiusFactor } from "./radius.ts";

let door: Door;
let server: FreeRadius;
let admin: Actor;
let factor: ReturnType<typeof radiusFactor>;

beforeAll(async () => {
  [door, server] = await Promise.all([openDoor(), startFreeRadius()]);
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
  factor = radiusFactor({ sealer: door.sealer });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await door?.close();
});

const contextOf = async (loginName: string): Promise<FactorContext> => {
  const { id, orgId } = await door.person(loginName);
  const user = { id, loginName, name: loginName, email: null, orgId };
  return { db: door.db, now: new Date(), user, address: null, origin: null };
};
const configure = (more: object = {}, active = true) =>
  door.call(admin, createSignInBackend, {
    kind: "radius",
    name: `RADIUS ${newId()}`,
    active,
    settings: {
      servers: [server.address],
      secret: server.secret,
      use: "second-factor",
      secondFactorFor: "everybody",
      ...more,
    },
  });
const clear = async (id: string) => void (await door.call(admin, deleteSignInBackend, { id, withIdentities: true }));

describe("RADIUS as a second factor", () => {
  test("takes the right code once, of the person themself", async () => {
    const backend = await configure();
    const token = await contextOf("token");
    const { shown, memory } = await factor.begin(token);
    expect(shown).toEqual({});
    expect(await factor.isReady(token)).toBe(true);
    expect(await factor.verify(token, "000000", memory)).toBe(false);
    expect(await factor.verify(token, "", memory)).toBe(false);
    expect(await factor.verify(await contextOf("ann"), "123456", memory)).toBe(false);
    expect(await factor.verify(token, "123456", memory)).toBe(true);
    expect(await factor.verify(token, "123456", memory)).toBe(false);
    await clear(backend.id);
  });

  test("shows the question of the server, and answers it there", async () => {
    const backend = await configure({ asksFirst: true });
    const chal = await contextOf("chal");
    const { shown, memory } = await factor.begin(chal);
    expect(shown).toEqual({ text: "Type the number we sent you" });
    expect(await factor.verify(chal, "123456", memory)).toBe(false);
    expect(await factor.verify(chal, "654321", memory)).toBe(true);
    await clear(backend.id);
  });

  test("an answer without the server's question proves nothing, be it right as a password", async () => {
    const backend = await configure({ asksFirst: true });
    const ann = await contextOf("ann2");
    await door.db
      .insertInto("identity")
      .values({ id: newId(), backend_id: backend.id, issuer: "radius:", subject: "ann", user_id: ann.user.id })
      .execute();
    const { memory } = await factor.begin(ann);
    expect(await factor.verify(ann, "ann-password", memory)).toBe(false);
    for (const other of [undefined, null, {}, { backendId: newId(), server: null, state: "AA==" }]) {
      expect(await factor.verify(ann, "ann-password", other)).toBe(false);
    }
    await clear(backend.id);
  });

  test("is asked only where a backend is there for it: active, for second factors, linked where that is asked", async () => {
    const user = await contextOf("somebody");
    expect(await factor.isReady(user)).toBe(false);
    const off = await configure({}, false);
    const first = await configure({ use: "sign-in" });
    const linked = await configure({ secondFactorFor: "linked" });
    expect(await factor.isReady(user)).toBe(false);
    await door.db
      .insertInto("identity")
      .values({ id: newId(), backend_id: linked.id, issuer: "radius:", subject: "token", user_id: user.user.id })
      .execute();
    expect(await factor.isReady(user)).toBe(true);
    const { memory } = await factor.begin(user);
    expect(await factor.verify(user, "123456", memory)).toBe(true);
    for (const { id } of [off, first, linked]) await clear(id);
  });

  test("who is linked stays asked while the backend is switched off, and is told what to do", async () => {
    const user = await contextOf("switched-off");
    const off = await configure({ secondFactorFor: "linked" }, false);
    const signIn = await configure({ use: "sign-in" }, false);
    const link = (backend_id: string) =>
      door.db
        .insertInto("identity")
        .values({ id: newId(), backend_id, issuer: "radius:", subject: "token", user_id: user.user.id })
        .execute();
    await link(signIn.id);
    expect(await factor.isReady(user)).toBe(false);
    await link(off.id);
    expect(await factor.isReady(user)).toBe(true);
    await expect(factor.begin(user)).rejects.toMatchObject({ code: "denied", message: expect.stringMatching(/admin/) });
    const memory = { backendId: off.id, server: null, state: null };
    expect(await factor.verify(user, "123456", memory)).toBe(false);
    for (const { id } of [off, signIn]) await clear(id);
  });

  test("a server that does not answer is an error that says so, not a wrong code", async () => {
    const backend = await configure({ servers: ["127.0.0.1:1"], timeoutSeconds: 1, tries: 1 });
    const user = await contextOf("waiting");
    const { memory } = await factor.begin(user);
    await expect(factor.verify(user, "123456", memory)).rejects.toMatchObject({
      code: expect.stringMatching(/upstream|timeout/),
    });
    await clear(backend.id);
  });
});
