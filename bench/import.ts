import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import writeSheet from "write-excel-file/node";
import type { z } from "zod";
import { createAudit, loadSigningKey } from "../src/audit/index.ts";
import { type Actor, type AnyAction, ANSWERING, type Endpoint, newId, run, systemClock } from "../src/core/index.ts";
import { createDatabase, createRuntime, createSealer, type Database, type Db, migrate } from "../src/db/index.ts";
import { discardEmbedded, startEmbedded } from "../src/db/index.ts";
import { createIam, DEFAULT_ORGANIZATION, iamSettings } from "../src/iam/index.ts";
import { importUsers, previewImport, uploadImport } from "../src/iam/schema.ts";
import { createPlatform } from "../src/platform/index.ts";
import { listMyJobResults, readMyJob } from "../src/platform/schema.ts";
import { generateKeyPair, parsePublicKey, signCertificate } from "../src/protocols/index.ts";
import type { Row, Rows } from "./report.ts";

export const startsWith = ANSWERING;

const USERS = 10_000;
const BAD = 100;
const WITH_PASSWORDS = 100;
const GOAL_SECONDS = 60;
const GOAL_MS = 20;
const PIECE = 256 * 1024;

/** Rows of users below their head, every hundredth of them with something wrong. */
function rowsOf(prefix: string, count: number, bad: number, password: boolean): string[][] {
  const every = bad > 0 ? count / bad : Number.POSITIVE_INFINITY;
  const rows = Array.from({ length: count }, (_, index) => {
    const isBad = bad > 0 && index % every === 0;
    const login = isBad && index % (2 * every) === 0 ? "two words" : `${prefix}${index}`;
    const mail = isBad ? "no address" : `${prefix}${index}@example.org`;
    const row = [login, `Person ${index}`, mail, `+49 30 ${index}`, "imported"];
    return password ? [...row, `a long password ${index}`] : row;
  });
  return [["login name", "name", "mail", "phone", "comment", ...(password ? ["password"] : [])], ...rows];
}

const csvOf = (rows: string[][]): Buffer => Buffer.from(rows.map((row) => row.join(",")).join("\n"));
const xlsxOf = async (rows: string[][]): Promise<Buffer> =>
  Buffer.from(await writeSheet(rows.map((row) => row.map((value) => ({ value, type: String })))).toBuffer());

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
    const csv = csvOf(rowsOf("c", USERS, BAD, false));
    const xlsx = await xlsxOf(rowsOf("x", USERS, BAD, false));
    const withPasswords = csvOf(rowsOf("p", WITH_PASSWORDS, 0, true));
    return [
      ...(await rowsFor(`${USERS} users, ${BAD} bad, invited, CSV`, GOAL_SECONDS, () =>
        invite(call, "users.csv", csv),
      )),
      ...(await rowsFor(`${USERS} users, ${BAD} bad, invited, XLSX`, GOAL_SECONDS, () =>
        invite(call, "users.xlsx", xlsx),
      )),
      ...(await rowsFor(`${WITH_PASSWORDS} users with passwords`, null, async () => {
        await one(call, "users.csv", withPasswords, { passwords: true });
      })),
    ];
  } finally {
    sealing.abort();
    await sealed;
    await working.stop();
    await following.stop();
  }
}

/** Imports, and throws unless all but the bad rows came in and each of those is told by its line and why. */
async function invite(call: Call, name: string, file: Buffer): Promise<void> {
  const { jobId, message } = await one(call, name, file, { invite: true });
  if (message !== `${USERS - BAD} created, 0 changed, ${BAD} refused.`) throw new Error(message ?? "No word");
  const { items } = await call(listMyJobResults, { id: jobId, outcome: "failed", limit: 200 });
  const lines = items.filter(({ subject, message: why }) => /^Line \d+: /.test(subject) && /[a-z]/.test(why));
  const numbers = new Set(lines.map(({ subject }) => subject.split(":", 1)[0]));
  if (numbers.size !== BAD) throw new Error(`${numbers.size} lines are told, not ${BAD}: ${JSON.stringify(items[0])}`);
}

async function rowsFor(title: string, goal: number | null, work: () => Promise<void>): Promise<Rows> {
  await pause(500);
  const holds = watchHolds();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { own, late } = holds.stop();
  return [
    row(`import of ${title}`, seconds, "s", goal),
    row("longest hold of the loop by its own work", own, "ms", GOAL_MS),
    row("latest turn of the loop, machine shared with PostgreSQL", late, "ms", null),
  ];
}

/**
 * `own`: the most processor time the thread spent between two turns of a timer, in ms; what others take of the machine is
 * not in it. `late`: how late a timer came at worst, which they are in.
 */
function watchHolds(): { stop(): { own: number; late: number } } {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let own = 0;
  let since = spent();
  const timer = setInterval(() => {
    const now = spent();
    own = Math.max(own, now - since);
    since = now;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      delay.disable();
      return { own, late: delay.max / 1e6 };
    },
  };
}

function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
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

async function one(call: Call, name: string, file: Buffer, wish: { invite?: boolean; passwords?: boolean }) {
  const pieces = Math.ceil(file.length / PIECE);
  let fileId: string | undefined;
  for (let number = 0; number < pieces; number++) {
    const content = file.subarray(number * PIECE, (number + 1) * PIECE).toString("base64");
    ({ fileId } = await call(uploadImport, { name, number, pieces, content, ...(fileId && { fileId }) }));
  }
  if (!fileId) throw new Error("Nothing was uploaded");
  await call(previewImport, { fileId });
  const { jobId } = await call(importUsers, { fileId, mode: "create", ...wish });
  for (;;) {
    const { endedAt, message } = await call(readMyJob, { id: jobId });
    if (endedAt) return { jobId, message };
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
