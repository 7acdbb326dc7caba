import { sql } from "kysely";
import { z } from "zod";
import { type Actor, Fault, notFound, type Registry, type Runtime } from "../../core/index.ts";
import { type Database, type Db, type Sealer, serve } from "../../db/index.ts";
import { type JobContext, jobKind, type Platform, schedule } from "../../platform/index.ts";
import type { Backend, DirectoryEntry, FormBackend } from "./backend.ts";
import { knownBackend } from "./backend-admin.ts";
import { mustHoldWhatItGives } from "./backend-guard.ts";
import { backendOfId, callOf, type Configured } from "./configured.ts";
import * as schema from "./schema.ts";
import { syncMail } from "./sync-mail.ts";
import { alone, disableMissing, type SyncedRow, syncEntry } from "./sync-row.ts";

interface Deps {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly sealer: Sealer;
  readonly backends: Registry<Backend>;
  readonly platform: Pick<Platform, "startJob" | "notify">;
}

type Directory = Configured & { readonly entry: Required<FormBackend<unknown>> };

/** Bringing the people of directories here: by hand, as a preview, and by schedule. */
export function createSync(deps: Deps) {
  const { database, runtime, platform } = deps;
  const { db } = database;

  const kind = jobKind({
    key: "directory-sync",
    title: "Sync with directories",
    permission: null,
    input: z.object({ backendId: z.uuid().nullable(), preview: z.boolean() }),
    afterCrash: "restart",
    async run(context) {
      const { backendId, preview } = context.input;
      if (backendId !== null) return syncOne(context, backendId, preview);
      const words: string[] = [];
      for (const { id, name } of await due(db, runtime.now())) {
        const word = await syncOne(context, id, false).catch((error: unknown) => {
          if (!(error instanceof Fault)) throw error;
          return error.message;
        });
        words.push(`${name}: ${word}`);
      }
      return words.join(" ");
    },
  });

  async function syncOne(context: Context, backendId: string, preview: boolean): Promise<string> {
    const backend = await backendOfId({ ...deps, db }, backendId);
    if (!isDirectory(backend)) throw new Fault("conflict", "This sign-in backend cannot list its people.");
    if (!preview) {
      await db.updateTable("sign_in_backend").set({ synced_at: runtime.now() }).where("id", "=", backendId).execute();
    }
    const tally = { created: 0, changed: 0, failed: 0, disabled: 0, seen: 0 };
    const seen = new Set<string>();
    // Only the job's own signal ends it: a large directory takes longer than a sign-in may.
    const call = { ...callOf(backend), signal: context.signal };
    for await (const page of backend.entry.people(call)) {
      await piece(context, backend, preview, tally, page, async (tx, entry) => {
        if ("subject" in entry) seen.add(keyOf(entry.issuer, entry.subject));
        return syncEntry(tx, backend, entry);
      });
    }
    if (disablesMissing(backend)) await disableAllMissing(context, backend, preview, tally, seen);
    return finish(context, backend, preview, tally);
  }

  /** One page in one transaction, with its results and its audit events. */
  async function piece<E extends DirectoryEntry | Linked>(
    context: Context,
    backend: Directory,
    preview: boolean,
    tally: Tally,
    page: readonly E[],
    work: (tx: Db, entry: E) => Promise<SyncedRow>,
  ): Promise<void> {
    await context.step(async (tx) => {
      const results: SyncedRow[] = [];
      for (const entry of page) {
        const label = "loginName" in entry ? entry.loginName : entry.label;
        const row = await alone(tx, !preview, label, () => work(tx, entry));
        count(tally, row);
        if (row.outcome !== "skipped" || preview) results.push(row);
        if (!preview && row.userId) await note(tx, context.actor, backend, row);
      }
      tally.seen += page.length;
      const place = { done: tally.seen, total: null };
      return { place, results: results.map(({ outcome, subject, message }) => ({ outcome, subject, message })) };
    });
  }

  async function note(tx: Db, actor: Actor, backend: Directory, row: SyncedRow): Promise<void> {
    await runtime.record(tx, {
      action: "sign-in-backend.sync.user",
      actor: { ...actor, orgId: backend.orgId },
      outcome: "ok",
      target: { kind: "user", id: row.userId, name: row.subject },
      fields: { backend: backend.name, what: row.message },
    });
  }

  async function disableAllMissing(
    context: Context,
    backend: Directory,
    preview: boolean,
    tally: Tally,
    seen: ReadonlySet<string>,
  ): Promise<void> {
    const linked = await linkedUsers(db, backend.id);
    if (linked.length > 0 && seen.size === 0) {
      throw new Fault("conflict", "The directory named nobody at all, so nobody was disabled. Check its settings.");
    }
    const missing = linked.filter(({ issuer, subject }) => !seen.has(keyOf(issuer, subject)));
    for (let at = 0; at < missing.length; at += 200) {
      const page = missing.slice(at, at + 200);
      await piece(context, backend, preview, tally, page, (tx, user) => disableMissing(tx, user));
    }
  }

  async function finish(context: Context, backend: Directory, preview: boolean, tally: Tally): Promise<string> {
    const { created, changed, disabled, failed, seen } = tally;
    const word = `${seen} read: ${created} ${preview ? "would be " : ""}created, ${changed} changed, ${disabled} disabled, ${failed} failed.`;
    const { reportTo } = backend.settings as { reportTo?: string };
    const byItself = context.input.backendId === null;
    if (byItself && reportTo && created + changed + disabled + failed > 0) {
      await platform.notify(db, {
        to: { address: reportTo },
        orgId: null,
        template: syncMail,
        values: { backend: backend.name, created, changed, disabled, failed },
      });
    }
    return word;
  }

  const sync = serve(schema.syncSignInBackend, {
    access: "granted",
    async run({ db: tx, actor, about, note: tell }, { id, preview }) {
      const backend = await knownBackend({ ...deps, db: tx }, id);
      about({ kind: "sign-in-backend", id, name: backend.name });
      if (!backend.syncs) throw new Fault("conflict", "This sign-in backend cannot list its people.");
      await mustHoldWhatItGives(tx, actor, id);
      tell({ preview });
      const title = preview ? `Preview of a sync with ${backend.name}` : `Sync with ${backend.name}`;
      // It belongs to the site, as the backend does.
      const jobId = await platform.startJob(tx, { ...actor, orgId: null }, kind, { backendId: id, preview }, { title });
      return { jobId };
    },
  });

  return {
    actions: [sync],
    kinds: [kind],
    schedules: [
      schedule({
        key: "directory-sync",
        kind,
        input: { backendId: null, preview: false },
        when: async () => ((await due(db, runtime.now())).length > 0 ? { everyMinutes: 1 } : null),
      }),
    ],
    templates: [syncMail],
  };
}

type Context = JobContext<{ backendId: string | null; preview: boolean }>;

interface Tally {
  created: number;
  changed: number;
  disabled: number;
  failed: number;
  seen: number;
}

function count(tally: Tally, { outcome, message }: SyncedRow): void {
  if (outcome === "failed") tally.failed += 1;
  else if (outcome === "ok" && message.startsWith("Created")) tally.created += 1;
  else if (outcome === "ok" && message.includes("Disabled")) tally.disabled += 1;
  else if (outcome === "ok") tally.changed += 1;
}

function isDirectory(backend: Configured | null): backend is Directory {
  if (!backend) throw notFound("sign-in backend");
  return backend.entry.flow === "form" && backend.entry.people !== undefined;
}

const disablesMissing = ({ settings }: Configured): boolean =>
  (settings as { disableMissing?: boolean }).disableMissing === true;

const keyOf = (issuer: string, subject: string): string => JSON.stringify([issuer, subject]);

interface Linked {
  readonly id: string;
  readonly loginName: string;
  readonly issuer: string;
  readonly subject: string;
}

const linkedUsers = (db: Db, backendId: string): Promise<Linked[]> =>
  db
    .selectFrom("identity as i")
    .innerJoin("users as u", "u.id", "i.user_id")
    .select(["u.id", "u.login_name as loginName", "i.issuer", "i.subject"])
    .where("i.backend_id", "=", backendId)
    .where("u.active", "=", true)
    .limit(200_000)
    .execute();

/** The active backends whose schedule says that it is time. */
const due = (db: Db, now: Date): Promise<{ id: string; name: string }[]> =>
  db
    .selectFrom("sign_in_backend")
    .select(["id", "name"])
    .where("active", "=", true)
    .where(sql<boolean>`coalesce((settings->>'syncMinutes')::int, 0) > 0`)
    .where(
      sql<boolean>`coalesce(synced_at + make_interval(mins => (settings->>'syncMinutes')::int), '-infinity') <= ${now}`,
    )
    .limit(100)
    .execute();
