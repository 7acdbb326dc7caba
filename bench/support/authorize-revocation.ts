import { decide, standings } from "../../src/assets/index.ts";
import { listMyAssets, readGrant, updateGrant } from "../../src/assets/schema.ts";
import { createAudience } from "../../src/sessions/control/audience.ts";
import { createLiveSessions } from "../../src/sessions/control/live-sessions.ts";
import { type RuledRequest, withAccessRules } from "../../src/sessions/live/ruled.ts";
import { HOME, VISITORS, visitorsRule } from "../../test/support/authorization-data.ts";
import { type Figure, person, type Stage } from "./authorize-stage.ts";

const SESSIONS = 500;
const ROUNDS = 5;

/**
 * From the call that takes a rule's force to the end of the last of 500 live sessions that it alone let in, through
 * LISTEN, as a gateway does it; the slowest of some rounds.
 */
export async function revocation(stage: Stage): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await revokeOnce(stage));
  return {
    name: `revocation to the last of ${SESSIONS} live sessions, slowest of ${ROUNDS}`,
    value: Math.max(...times),
    unit: "ms",
    goal: 1_000,
  };
}

async function revokeOnce({ database, db, call, admin, size }: Stage): Promise<number> {
  const failed = (error: unknown): void => void process.stderr.write(`${String(error)}\n`);
  const live = createLiveSessions({
    ask: async (requests) => withAccessRules(db, requests, await standings(db, requests, new Date()), new Date()),
    failed,
  });
  const listening = await database.listen(["access_changed"], { notified: () => void live.recheck(), failed });
  const over = Promise.withResolvers<number>();
  const asked = await requests({ call, size });
  const decisions = await decide(db, asked, new Date());
  for (const [index, request] of asked.entries()) {
    const id = `${index}`;
    const leave = live.add({
      id,
      userId: request.userId,
      request,
      audience: createAudience({ size: { cols: 80, rows: 24 }, screen: false }),
      nextChange: null,
      gave: decisions[index]!.gave,
      outlives: null,
      told: () => {},
      async end() {
        leave();
        if (live.size === 0) over.resolve(performance.now());
      },
    });
  }
  await live.recheck();
  if (live.size !== SESSIONS) throw new Error(`Only ${live.size} of ${SESSIONS} sessions are allowed`);
  const rule = await call(admin, readGrant, { id: visitorsRule(size) });
  const started = performance.now();
  const { version } = await call(admin, updateGrant, { id: rule.id, version: rule.version, active: false });
  const ended = await over.promise;
  await call(admin, updateGrant, { id: rule.id, version, active: true });
  await listening.close();
  live.stop();
  return ended - started;
}

/** Sessions on as many assets and accounts as the visitors' rule opens. */
async function requests({ call, size }: Pick<Stage, "call" | "size">): Promise<RuledRequest[]> {
  const found: RuledRequest[] = [];
  const how = { protocol: "ssh", action: "connect", address: "127.0.0.1", method: "ssh-client" } as const;
  for (let visitor = 0; visitor < VISITORS; visitor++) {
    const { id: userId } = person(size.people + visitor);
    const { items } = await call(person(size.people + visitor), listMyAssets, { limit: 6 });
    for (const { id: assetId, accounts } of items) {
      for (const { id: accountId } of accounts) found.push({ orgId: HOME, userId, assetId, accountId, ...how });
    }
  }
  return found.slice(0, SESSIONS);
}
