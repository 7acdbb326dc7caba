import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import type { Delivery } from "../../core/index.ts";
import { completeSetup, readSetup } from "../schema.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor()));
afterAll(() => door.close());

const password = "correct horse battery";
const as = (loginName: string, token: string) => ({ token, loginName, name: loginName, password });

describe("set-up", () => {
  test("is needed, and a wrong, an old and a voided token are refused alike", async () => {
    expect(await door.call(guest(), readSetup, {})).toEqual({ needed: true });
    const old = (await door.iam.makeSetupToken()) ?? "";
    expect(old.length).toBeGreaterThanOrEqual(43);
    const token = (await door.iam.makeSetupToken()) ?? "";
    expect(await door.codeOf(door.call(guest("10.1.0.1"), completeSetup, as("eve", old)))).toBe("denied");
    expect(await door.codeOf(door.call(guest("10.1.0.2"), completeSetup, as("eve", "x".repeat(43))))).toBe("denied");
    await sql`update setup_token set expires_at = now() - interval '1 second'`.execute(door.db);
    expect(await door.codeOf(door.call(guest("10.1.0.3"), completeSetup, as("eve", token)))).toBe("denied");
    expect((await door.events("setup.complete")).map(({ outcome, fields }) => [outcome, fields.input])).toEqual(
      Array.from({ length: 3 }, () => [
        "denied",
        { token: "[hidden]", loginName: "eve", name: "eve", password: "[hidden]" },
      ]),
    );
    expect((await sql`select 1 from users`.execute(door.db)).rows).toEqual([]);
  });

  test("a token is valid for 30 minutes and stored only as a hash", async () => {
    const token = (await door.iam.makeSetupToken()) ?? "";
    const { rows } = await sql<{ row: string; minutes: number }>`
      select t::text as row, extract(epoch from expires_at - now()) / 60 as minutes from setup_token t`.execute(
      door.db,
    );
    expect(rows).toHaveLength(1);
    expect(Number(rows[0]?.minutes)).toBeGreaterThan(29.5);
    expect(Number(rows[0]?.minutes)).toBeLessThanOrEqual(30);
    expect(rows[0]?.row).not.toContain(Buffer.from(token).toString("hex"));
  });

  test("a failed set-up leaves the token good", async () => {
    const token = (await door.iam.makeSetupToken()) ?? "";
    const weak = { ...as("ada", token), password: "short" };
    expect(await door.codeOf(door.call(guest("10.1.0.4"), completeSetup, weak))).toBe("invalid");
    await door.person("taken");
    const answer = await door.codeOf(door.call(guest("10.1.0.5"), completeSetup, as("TAKEN", token)));
    expect(answer).toBe("conflict");
    await sql`delete from users`.execute(door.db);
  });

  test("guessing tokens is braked, per address", async () => {
    const codes: string[] = [];
    for (let tries = 0; tries < 7; tries++) {
      codes.push(await door.codeOf(door.call(guest("10.2.0.1"), completeSetup, as("eve", `guess-${tries}`))));
    }
    expect(codes).toContain("too_many");
    expect(await door.codeOf(door.call(guest("10.2.0.2"), completeSetup, as("eve", "guess")))).toBe("denied");
  });

  test("nobody's guesses hold up who has the token, not even from the same address", async () => {
    const token = (await door.iam.makeSetupToken()) ?? "";
    for (let tries = 0; tries < 7; tries++) {
      await door.codeOf(door.call(guest("10.2.0.3"), completeSetup, as("eve", `guess-${tries}`)));
    }
    await sql`insert into sign_in_brake (login_name, address, failures, last_failure_at, blocked_until)
      values ('', '10.2.0.3', 999, now(), now() + interval '30 seconds'), ('/setup', '*', 999, now(), now() + interval '1 second')
      on conflict (login_name, address) do update set blocked_until = excluded.blocked_until`.execute(door.db);
    expect(await door.codeOf(door.call(guest("10.2.0.3"), completeSetup, as("eve", "guess")))).toBe("too_many");
    await door.person("held");
    expect(await door.codeOf(door.call(guest("10.2.0.3"), completeSetup, as("held", token)))).toBe("conflict");
    await sql`delete from users`.execute(door.db);
  });

  test("two at once: one becomes administrator, and is signed in", async () => {
    const token = (await door.iam.makeSetupToken()) ?? "";
    const deliveries: Delivery[] = [];
    const tries = ["ada", "bob"].map((name, index) =>
      door.codeOf(
        door.call(guest(`10.3.0.${index}`), completeSetup, as(name, token), (delivery) => deliveries.push(delivery)),
      ),
    );
    expect((await Promise.all(tries)).toSorted()).toEqual(["denied", "ok"]);
    const { rows } = await sql<{ login_name: string }>`
      select u.login_name from users u join role_binding b on b.user_id = u.id where b.role_id = 'administrator'`.execute(
      door.db,
    );
    expect(rows).toHaveLength(1);
    const [delivery] = deliveries;
    if (delivery?.kind !== "sign-in") throw new Error("Nobody was signed in");
    const actor = await door.iam.identify({ token: delivery.token, address: null, via: "console" });
    expect(actor).toMatchObject({ kind: "person", name: rows[0]?.login_name });
    expect(actor.permissions.has("user.create")).toBe(true);
    const done = (await door.events("setup.complete")).filter(({ outcome }) => outcome === "ok");
    expect(done).toMatchObject([{ actor_id: actor.id, target_id: actor.id }]);
  });

  test("afterwards it is over: no token, and none of before works", async () => {
    expect(await door.call(guest(), readSetup, {})).toEqual({ needed: false });
    expect(await door.iam.makeSetupToken()).toBeNull();
    const left = "left-over-token-from-before";
    await sql`insert into setup_token (token_hash, expires_at) values (sha256(${left}::bytea), now() + interval '1 hour')`.execute(
      door.db,
    );
    expect(await door.codeOf(door.call(guest("10.4.0.1"), completeSetup, as("mallory", left)))).toBe("conflict");
  });
});
