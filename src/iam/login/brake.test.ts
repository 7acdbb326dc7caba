import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import type { Actor, Fault } from "../../core/index.ts";
import { createUser, signIn } from "../schema.ts";

let door: Door;
let admin: Actor;
const password = "correct horse battery";

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  admin = await door.person("root-admin", { roles: ["administrator"] });
});
afterAll(() => door.close());

let addresses = 0;
/** An address nobody used before, so that the brake of other tests does not hold. */
const fresh = (): string => `10.9.${Math.floor(++addresses / 250)}.${addresses % 250}`;

async function enter(
  loginName: string,
  typed = password,
  from: Actor = guest(fresh()),
): Promise<{ token: string; expiresAt: Date }> {
  let token = "";
  let expiresAt = new Date(0);
  await door.call(from, signIn, { loginName, password: typed }, (delivery) => {
    if (delivery.kind === "sign-in") ({ token, expiresAt } = delivery);
  });
  return { token, expiresAt };
}

const identify = (token: string) => door.iam.identify({ token, address: "10.0.0.1", via: "console" });
const isIn = async (token: string): Promise<boolean> => (await identify(token)).kind === "person";
const user = (loginName: string) => door.call(admin, createUser, { loginName, name: loginName, password });
const refusal = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("let in")),
    (error: Fault) => error,
  );

describe("the brake", () => {
  test("50 tries at the same moment get at most six looks at the password", async () => {
    await user("target");
    const from = guest(fresh());
    const tries = Array.from({ length: 50 }, () => door.codeOf(enter("target", "wrong password", from)));
    const codes = await Promise.all(tries);
    const looked = codes.filter((code) => code === "unauthenticated").length;
    expect(codes.filter((code) => code === "too_many").length).toBe(50 - looked);
    expect(looked).toBeGreaterThanOrEqual(5);
    expect(looked).toBeLessThanOrEqual(7);
  });

  test("even the right password waits, and the wait is told in seconds", async () => {
    const from = guest(fresh());
    for (let tries = 0; tries < 6; tries++) await refusal(enter("target", "wrong password", from));
    const fault = await refusal(enter("target", password, from));
    expect(fault.code).toBe("too_many");
    expect(fault.details?.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });

  test("holds nobody up from another address", async () => {
    const from = guest(fresh());
    for (let tries = 0; tries < 8; tries++) await refusal(enter("target", "wrong password", from));
    expect(await isIn((await enter("target")).token)).toBe(true);
  });

  test("a success clears it, for the name in any case of letters", async () => {
    const from = guest(fresh());
    for (let round = 0; round < 3; round++) {
      for (let tries = 0; tries < 4; tries++) await refusal(enter("Target", "wrong password", from));
      expect(await isIn((await enter("target", password, from)).token)).toBe(true);
    }
  });

  test("the wait doubles up to 15 minutes, and is forgotten after an hour", async () => {
    const from = guest(fresh());
    const waits: number[] = [];
    for (let tries = 0; tries < 18; tries++) {
      await refusal(enter("ghost", "wrong password", from));
      const { rows } = await sql<{ wait: string }>`
        update sign_in_brake set blocked_until = null where login_name = 'ghost' and address <> '*'
        returning coalesce((select extract(epoch from b.blocked_until - b.last_failure_at) from sign_in_brake b where b.login_name = 'ghost' and b.address <> '*'), 0) as wait`.execute(
        door.db,
      );
      waits.push(Math.round(Number(rows[0]?.wait)));
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    await sql`update sign_in_brake set last_failure_at = now() - interval '61 minutes' where login_name = 'ghost'`.execute(
      door.db,
    );
    for (let tries = 0; tries < 5; tries++)
      expect((await refusal(enter("ghost", "wrong", from))).code).toBe("unauthenticated");
  });

  test("counts an IPv6 client by its /64", async () => {
    const tryFrom = (address: string) => refusal(enter("v6-target", "wrong", guest(address)));
    for (let tries = 1; tries <= 6; tries++) await tryFrom(`2001:db8:5:6:${tries}::${tries}`);
    expect((await tryFrom("2001:db8:5:6:ffff::1")).code).toBe("too_many");
    expect((await tryFrom("2001:db8:5:7::1")).code).toBe("unauthenticated");
  });

  test("a name that fails everywhere is slowed to one try a second, never locked out", async () => {
    await user("hunted");
    const home = guest(fresh());
    await enter("hunted", password, home);
    await sql`insert into sign_in_brake (login_name, address, failures, last_failure_at) values ('hunted', '*', 100, now())
      on conflict (login_name, address) do update set failures = 100, last_failure_at = now()`.execute(door.db);
    expect((await refusal(enter("hunted", "wrong", guest(fresh())))).code).toBe("unauthenticated");
    const slowed = await refusal(enter("hunted", password, guest(fresh())));
    expect([slowed.code, slowed.details?.retryAfterSeconds]).toEqual(["too_many", 1]);
    expect(await isIn((await enter("hunted", password, home)).token)).toBe(true);
    await sql`update sign_in_brake set failures = 100000 where login_name = 'hunted' and address = '*'`.execute(
      door.db,
    );
    await pause(1_000);
    expect(await isIn((await enter("hunted", password, guest(fresh()))).token)).toBe(true);
  });

  test("an attempt that waits counts nowhere else", async () => {
    const from = guest(fresh());
    for (let tries = 0; tries < 20; tries++) await refusal(enter("waiting", "wrong", from));
    const { rows } = await sql<{ name: string; failures: number }>`
      select login_name || '|' || address as name, failures from sign_in_brake
      where address = ${from.address} or login_name = 'waiting' order by 1`.execute(door.db);
    const failures = rows.map((row) => row.failures);
    expect(rows.map(({ name }) => name)).toEqual(
      ["|" + from.address, "waiting|*", "waiting|" + from.address].toSorted(),
    );
    expect(new Set(failures).size).toBe(1);
    expect(failures[0]).toBeLessThan(9);
  });

  test("an address waits 30 seconds at most, and who signed in from there within 30 days not at all", async () => {
    await user("resident");
    const from = guest(fresh());
    await enter("resident", password, from);
    await sql`update sign_in_brake set failures = 5000, last_failure_at = now() where login_name = '' and address = ${from.address}`.execute(
      door.db,
    );
    expect((await refusal(enter("stranger-1", "wrong", from))).code).toBe("unauthenticated");
    const fault = await refusal(enter("stranger-2", "wrong", from));
    expect(fault.code).toBe("too_many");
    expect(fault.details?.retryAfterSeconds).toBeGreaterThan(20);
    expect(fault.details?.retryAfterSeconds).toBeLessThanOrEqual(30);
    expect(await isIn((await enter("Resident", password, from)).token)).toBe(true);
    for (let tries = 0; tries < 6; tries++) await refusal(enter("resident", "wrong", from));
    expect((await refusal(enter("resident", password, from))).code).toBe("too_many");
    await sql`delete from sign_in_brake where login_name = 'resident'`.execute(door.db);
    await sql`update sign_in_success set at = now() - interval '31 days' where login_name = 'resident'`.execute(
      door.db,
    );
    expect((await refusal(enter("resident", password, from))).code).toBe("too_many");
  });

  test("writes down each wrong password, and of each wait only the first refusal", async () => {
    const from = guest(fresh());
    const tries = Array.from({ length: 30 }, () => door.codeOf(enter("flooder", "wrong", from)));
    const codes = await Promise.all(tries);
    const looked = codes.filter((code) => code === "unauthenticated").length;
    const written = (await door.events("sign-in")).filter(({ fields }) => JSON.stringify(fields).includes("flooder"));
    expect(written.filter(({ outcome }) => outcome === "unauthenticated")).toHaveLength(looked);
    const waits = written.filter(({ outcome }) => outcome === "too_many").length;
    expect(codes.filter((code) => code === "too_many").length).toBeGreaterThan(20);
    expect(waits).toBeGreaterThanOrEqual(1);
    expect(waits).toBeLessThanOrEqual(2);
    await pause(2_000);
    expect((await refusal(enter("flooder", "wrong", from))).code).toBe("unauthenticated");
    await refusal(enter("flooder", "wrong", from));
    await refusal(enter("flooder", "wrong", from));
    const after = (await door.events("sign-in")).filter(({ fields }) => JSON.stringify(fields).includes("flooder"));
    expect(after.length).toBe(written.length + 2);
  });

  test("tidying removes failures after an hour and successes after 30 days, and nothing younger", async () => {
    await sql`insert into sign_in_brake (login_name, address, failures, last_failure_at) values
      ('tidy', 'old', 9, now() - interval '61 minutes'), ('tidy', 'new', 9, now() - interval '59 minutes')`.execute(
      door.db,
    );
    await sql`insert into sign_in_success (login_name, address, at) values
      ('tidy', 'old', now() - interval '31 days'), ('tidy', 'new', now() - interval '29 days')`.execute(door.db);
    await door.iam.tidy();
    const left = await sql`select address from sign_in_brake where login_name = 'tidy'
      union all select address from sign_in_success where login_name = 'tidy'`.execute(door.db);
    expect(left.rows).toEqual([{ address: "new" }, { address: "new" }]);
  });

  test("guessing many names from one address is braked, too", async () => {
    const from = guest(fresh());
    await sql`insert into sign_in_brake (login_name, address, failures, last_failure_at) values ('', ${from.address}, 50, now())`.execute(
      door.db,
    );
    expect((await refusal(enter("name-1", "wrong", from))).code).toBe("unauthenticated");
    expect((await refusal(enter("name-2", "wrong", from))).code).toBe("too_many");
  });
});
