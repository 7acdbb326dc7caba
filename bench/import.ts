import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import type { z } from "zod";
import { createAudit, loadSigningKey } from "../src/audit/index.ts";
import { type Actor, type AnyAction, type Endpoint, newId, run, systemClock } from "../src/core/index.ts";
import { createDatabase, createRuntime, createSealer, type Database, type Db, migrate } from "../src/db/index.ts";
import { discardEmbedded, startEmbedded } from "../src/db/index.ts";
import { createIam, DEFAULT_ORGANIZATION, iamSettings } from "../src/iam/index.ts";
import { importUsers, previewImport, uploadImport } from "../src/iam/schema.ts";
import { createPlatform } from "../src/platform/index.ts";
import { readMyJob } from "../src/platform/schema.ts";
import { generateKeyPair, parsePublicKey, signCertificate } from "../src/protocols/index.ts";
import type { Row, Rows } from "./report.ts";

const USERS = 10_000;
const BAD = 100;
const WITH_PASSWORDS = 100;
const GOAL_SECONDS = 60;
const GOAL_MS = 20;
const PIECE = 256 * 1024;

/** A file of users, every hundredth of them with something wrong. */
function fileOf(prefix: string, count: number, bad: number, password: boolean): Buffer {
  const every = bad > 0 ? count / bad : Number.POSITIVE_INFINITY;
  const lines = Array.from({ length: count }, (_, index) => {
    const isBad = bad > 0 && index % every === 0;
    const login = isBad && index % (2 * every) === 0 ? "two words" : `${prefix}${index}`;
    const mail = isBad ? "no address" : `${prefix}${index}@example.org`;
    return `${login},Person ${index},${mail},+49 30 ${index},imported${password ? `,a long password ${index}` : ""}`;
  });
  return Buffer.from([`login name,name,mail,phone,comment${password ? ",password" : ""}`, ...lines].join("\n"));
}

/** Imports of users as jobs of the program, on an embedded database that syncs: how long, and how late the loop was. */
export async function bench(): Promise<Rows> {
  const directory = await mkdtemp(join(tmpdir(), "bench-import-"));
  const state = join(directory, "postgres");
  const embedded = await startEmbedded({ directory: state, log: () => {} });
  const database = createDatabase({ ...embedded.connection, max: 20 });
  try {
    await migrate({ address: embedded.connection });
    return await measure(database, directory);
  } finally {
    await database.close();
    await embedded.stop();
    await discardEmbedded(state);
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(database: Database, directory: string): Promise<Rows> {
  const say = (message: string, error?: unknown): void => void process.stderr.write(`${message}: ${String(error)}\n`);
  const audit = createAudit({
    database,
    now: systemClock,
    signingKey: await loadSigningKey(join(directory, "keys")),
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log: say,
  });
  const runtime = createRuntime({ database, now: systemClock, record: audit.record });
  const sealer = createSealer({ masterKeys: { current: Buffer.alloc(32, 7) } });
  const platform = createPlatform({ database, runtime, sealer, settings: iamSettings, say });
  const certificates = { generateKeyPair, signCertificate };
  const iam = createIam({ database, runtime, sealer, platform, parsePublicKey, certificates });
  const actions: AnyAction<Db>[] = [...platform.actions, ...iam.actions];
  await iam.prepare(actions);
  const actor = await administrator(database.db);
  const call: Call = async (endpoint, input) => {
    const action = actions.find((one) => one.endpoint === endpoint);
    if (!action) throw new Error(`No action keeps ${endpoint.name}`);
    return (await run(runtime, action, actor, input)) as never;
  };
  // Mail is written into the outbox and leaves from there; how fast is the mail server's business.
  await sql`insert into setting (key, value) values ('mail', '{"host":"mail.example.org","fromAddress":"gate@example.org"}')`.execute(
    database.db,
  );
  const following = await platform.follow();
  const working = await platform.work({
    kinds: iam.work.kinds,
    schedules: [],
    templates: [],
    receiverOf: async () => null,
  });
  const sealing = new AbortController();
  const sealed = audit.startSealing(sealing.signal);
  try {
    const invited = await one(call, fileOf("m", USERS, BAD, false), { invite: true });
    const hashed = await one(call, fileOf("p", WITH_PASSWORDS, 0, true), { passwords: true });
    if (invited.message !== `${USERS - BAD} created, 0 changed, ${BAD} refused.`)
      throw new Error(invited.message ?? "");
    return [
      row(`import of ${USERS} users, ${BAD} bad, invited`, invited.seconds, "s", GOAL_SECONDS),
      row("longest hold of the loop meanwhile", invited.longest, "ms", GOAL_MS),
      row(`import of ${WITH_PASSWORDS} users with passwords`, hashed.seconds, "s", null),
      row("longest hold of the loop meanwhile", hashed.longest, "ms", GOAL_MS),
    ];
  } finally {
    sealing.abort();
    await sealed;
    await working.stop();
    await following.stop();
  }
}

const row = (measure: string, value: number, unit: string, goal: number | null): Row => ({
  measure,
  value,
  unit,
  ratio: null,
  of: null,
  goal: goal === null ? null : `below ${goal} ${unit}`,
  pass: goal === null ? null : value < goal,
});

type Call = <I extends z.ZodType, O extends z.ZodType>(
  endpoint: Endpoint<I, O>,
  input: z.input<I>,
) => Promise<z.output<O>>;

async function one(call: Call, file: Buffer, wish: { invite?: boolean; passwords?: boolean }) {
  await pause(500);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const pieces = Math.ceil(file.length / PIECE);
  let fileId: string | undefined;
  for (let number = 0; number < pieces; number++) {
    const content = file.subarray(number * PIECE, (number + 1) * PIECE).toString("base64");
    const piece = { name: "users.csv", number, pieces, content, ...(fileId && { fileId }) };
    ({ fileId } = await call(uploadImport, piece));
  }
  if (!fileId) throw new Error("Nothing was uploaded");
  await call(previewImport, { fileId });
  const { jobId } = await call(importUsers, { fileId, mode: "create", ...wish });
  for (;;) {
    const job = await call(readMyJob, { id: jobId });
    if (job.endedAt) {
      delay.disable();
      return { seconds: (performance.now() - start) / 1000, longest: delay.max / 1e6, message: job.message };
    }
    await pause(100);
  }
}

async function administrator(db: Db): Promise<Actor> {
  const id = newId();
  await db.insertInto("users").values({ id, login_name: "bench", name: "Bench" }).execute();
  await db.insertInto("membership").values({ org_id: DEFAULT_ORGANIZATION, user_id: id }).execute();
  const roleId = "administrator";
  await db.insertInto("role_binding").values({ org_id: DEFAULT_ORGANIZATION, user_id: id, role_id: roleId }).execute();
  const role = await db.selectFrom("role").select("permissions").where("id", "=", roleId).executeTakeFirstOrThrow();
  return {
    kind: "person",
    id,
    name: "Bench",
    orgId: DEFAULT_ORGANIZATION,
    address: "127.0.0.1",
    via: "console",
    permissions: new Set(role.permissions),
    signInId: null,
    origin: "https://gate.example.org",
  };
}
