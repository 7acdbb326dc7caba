import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { browser, type Browser, withPassword } from "../../../test/security/way-in.ts";
import { makeKey } from "../../../test/support/sshd.ts";
import { Fault, newId } from "../../core/index.ts";
import {
  beginConfirm,
  beginDevice,
  collectDevice,
  confirm,
  confirmDevice,
  readDevice,
  refuseDevice,
} from "../schema.ts";

let door: Door;
let people = 0;

beforeAll(async () => {
  door = await openDoor({ max: 20 });
});
afterAll(() => door.close());
beforeEach(async () => {
  await door.db.deleteFrom("device_sign_in").execute();
});

const begin = (address: string | null) =>
  door.call(guest(address), beginDevice, { publicKey: makeKey("ed25519").publicLine, device: "box" });
const collect = (token: string) => door.call(guest("10.6.0.1"), collectDevice, { token });

/** Somebody in a console session. */
async function person(address?: string): Promise<Browser & { id: string; set(columns: string): Promise<unknown> }> {
  const loginName = `anna-${++people}`;
  const { id } = await door.person(loginName);
  await withPassword(door, id);
  const window = browser(door, address);
  await window.signIn(loginName);
  const set = (columns: string) =>
    sql`update console_session set ${sql.raw(columns)} where user_id = ${id}`.execute(door.db);
  return { ...window, id, set };
}

/** The proof that is asked for anew; "ok" when none is. */
const askedAnew = (who: Browser, code: string): Promise<unknown> =>
  who.call(confirmDevice, { code }).then(
    () => "ok",
    (error: unknown) => (error instanceof Fault && error.code === "unconfirmed" ? error.details?.level : error),
  );

const OLD = "now() - interval '6 minutes'";

describe("a command line in another network", () => {
  test("its page is an address without the code", async () => {
    const { code, path } = await begin("10.6.0.1");
    expect([path, path.includes(code)]).toEqual(["/device", false]);
  });

  test.each([
    ["10.6.0.1", "10.6.0.1", false],
    ["10.6.0.1", "10.6.0.2", true],
    ["::ffff:10.6.0.1", "10.6.0.1", false],
    ["2001:db8:1:2::5", "2001:db8:1:2:3::7", false],
    ["2001:db8:1:2::5", "2001:db8:1:3::5", true],
    [null, "10.6.0.1", true],
  ])("is told: it asks from %s, the person from %s", async (asks, address, elsewhere) => {
    const { code } = await begin(asks);
    expect(await (await person(address)).call(readDevice, { code })).toMatchObject({ code, elsewhere });
  });

  test("is confirmed by a fresh password where there is no second factor; a fresh sign-in is not enough", async () => {
    const anna = await person();
    await anna.set(`password_at = ${OLD}`);
    const { code } = await begin("10.6.0.1");
    expect(await askedAnew(anna, code)).toBe("password");
    expect(await askedAnew(anna, (await begin(anna.address)).code)).toBe("ok");
    await anna.call(beginConfirm, { kind: "password" });
    await anna.call(confirm, { kind: "password", answer: "correct horse battery" });
    expect(await askedAnew(anna, code)).toBe("ok");
    const [event] = (await door.events("device.confirm")).toReversed();
    expect(event).toMatchObject({ outcome: "ok", fields: { from: "10.6.0.1", elsewhere: true } });
  });

  test("is confirmed by a fresh second factor by whoever has one, also if they signed in without it", async () => {
    const anna = await person();
    const key = { id: newId(), user_id: anna.id, name: "Key", host: "gate.example" };
    await door.db
      .insertInto("passkey")
      .values({ ...key, credential_id: Buffer.from(anna.id), public_key: Buffer.from("k") })
      .execute();
    const { code } = await begin("10.6.0.1");
    expect(await askedAnew(anna, code)).toBe("second-factor");
    await anna.set(`second_factor_at = ${OLD}`);
    expect(await askedAnew(anna, code)).toBe("second-factor");
    await anna.set("second_factor_at = now()");
    expect(await askedAnew(anna, code)).toBe("ok");
  });
});

describe("strangers", () => {
  test("fill no trail by asking: only what is handed over is written down", async () => {
    const anna = await person();
    const [first, second, third] = [await begin(anna.address), await begin(anna.address), await begin(anna.address)];
    const before = (await door.events("device.collect")).length;
    const codeOf = (token: string) => door.codeOf(collect(token));
    await anna.call(refuseDevice, { code: second.code });
    await sql`update device_sign_in set expires_at = now() where code = ${third.code}`.execute(door.db);
    expect(await codeOf(first.token)).toBe("conflict");
    await expect(collect(first.token)).rejects.toMatchObject({ details: { state: "waiting" } });
    expect(await codeOf(second.token)).toBe("denied");
    expect(await codeOf(third.token)).toBe("unauthenticated");
    expect([await codeOf("x".repeat(43)), await codeOf("")]).toEqual(["unauthenticated", "invalid"]);
    expect((await door.events("device.collect")).length).toBe(before);
    await anna.call(confirmDevice, { code: first.code });
    expect(await codeOf(first.token)).toBe("ok");
    expect((await door.events("device.collect")).slice(before).map(({ outcome }) => outcome)).toEqual(["ok"]);
  });

  test("nor by beginning what is refused; a network has twenty that wait", async () => {
    const before = (await door.events("device.begin")).length;
    const bad = { publicKey: "ssh-ed25519 AAAA", device: "box" };
    expect(await door.codeOf(door.call(guest(), beginDevice, bad))).toBe("invalid");
    for (let asked = 0; asked < 20; asked += 1) await begin(`2001:db8:7:7::${asked}`);
    for (let asked = 0; asked < 3; asked += 1) expect(await door.codeOf(begin("2001:db8:7:7::99"))).toBe("too_many");
    expect(await door.codeOf(begin("2001:db8:7:8::1"))).toBe("ok");
    const outcomes = (await door.events("device.begin")).slice(before).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(Array.from({ length: 21 }, () => "ok"));
  });

  test("keep nobody out at the bound for all: the oldest that waits gives way, what was confirmed stays", async () => {
    const anna = await person();
    const [confirmed, oldest] = [await begin(anna.address), await begin("10.6.0.1")];
    await anna.call(confirmDevice, { code: confirmed.code });
    await sql`update device_sign_in set created_at = created_at - interval '1 minute'`.execute(door.db);
    await sql`insert into device_sign_in (id, token_hash, code, public_key, fingerprint, device, address, expires_at)
      select gen_random_uuid(), sha256(n::text::bytea),
        'AAAA-A' || chr(65 + n / 676) || chr(65 + n / 26 % 26) || chr(65 + n % 26), 'k', 'f', '', '10.9.' || n / 250 || '.' || n % 250,
        now() + interval '9 minutes' from generate_series(1, 1998) n`.execute(door.db);
    const last = await begin("10.6.0.2");
    const all = () => door.db.selectFrom("device_sign_in").select("code").execute();
    expect((await all()).length).toBe(2000);
    expect(await door.codeOf(collect(oldest.token))).toBe("unauthenticated");
    expect(await door.codeOf(collect(confirmed.token))).toBe("ok");
    expect(await door.codeOf(collect(last.token))).toBe("conflict");
  });
});
