import { type Actor, Fault, hides, newId, notFound } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import { updateSettings } from "../settings/schema.ts";
import { writeSealedInput } from "./input.ts";
import { askToCancel, findJob, insertJob, listJobs, listResults, type Sight } from "./job.store.ts";
import type { AnyJobKind, JobKind } from "./kind.ts";
import * as schema from "./schema.ts";
import type { z } from "zod";

/** Whoever runs the installation also sees the jobs that belong to no organization. */
const ofOrganization = ({ orgId, permissions }: Actor): Sight => ({
  orgId,
  starter: null,
  site: permissions.has(updateSettings.name),
});
const own = ({ orgId, id }: Actor): Sight => ({ orgId, starter: id ?? "", site: true });

async function seenJob(db: Db, sight: Sight, id: string): Promise<schema.Job> {
  const job = await findJob(db, sight, id);
  if (!job) throw notFound("job");
  return job;
}

/** Looking at jobs and cancelling them: those of the organization with the permission, one's own without. */
export function jobActions() {
  const list = (endpoint: typeof schema.listJobs, sightOf: (actor: Actor) => Sight) =>
    serve(endpoint, {
      access: endpoint === schema.listJobs ? "granted" : "signed-in",
      run: ({ db, actor }, input) => listJobs(db, sightOf(actor), input),
    });
  const read = (endpoint: typeof schema.readJob, sightOf: (actor: Actor) => Sight) =>
    serve(endpoint, {
      access: endpoint === schema.readJob ? "granted" : "signed-in",
      run: ({ db, actor }, { id }) => seenJob(db, sightOf(actor), id),
    });
  const results = (endpoint: typeof schema.listJobResults, sightOf: (actor: Actor) => Sight) =>
    serve(endpoint, {
      access: endpoint === schema.listJobResults ? "granted" : "signed-in",
      async run({ db, actor }, { id, ...filter }) {
        await seenJob(db, sightOf(actor), id);
        const { items, next } = await listResults(db, id, filter);
        return { items: items as schema.JobResultRow[], next };
      },
    });
  const cancel = (endpoint: typeof schema.cancelJob, sightOf: (actor: Actor) => Sight) =>
    serve(endpoint, {
      access: endpoint === schema.cancelJob ? "granted" : "signed-in",
      async run({ db, actor, about }, { id }) {
        const job = await seenJob(db, sightOf(actor), id);
        about({ kind: "job", id, name: job.title });
        if (job.endedAt) throw new Fault("conflict", "This job has ended already.");
        await askToCancel(db, id);
        return seenJob(db, sightOf(actor), id);
      },
    });
  return [
    list(schema.listJobs, ofOrganization),
    read(schema.readJob, ofOrganization),
    results(schema.listJobResults, ofOrganization),
    cancel(schema.cancelJob, ofOrganization),
    list(schema.listMyJobs, own),
    read(schema.readMyJob, own),
    results(schema.listMyJobResults, own),
    cancel(schema.cancelMyJob, own),
  ];
}

/** What `startJob` may be told beside the input. */
export interface StartOptions {
  /** What people see in lists; the kind's title otherwise. */
  readonly title?: string;
}

export function createJobStarter({ sealer }: { sealer: Sealer }) {
  /** Queues a job; false when it belongs to a schedule whose last job has not ended. */
  async function enqueue(
    db: Db,
    actor: Actor,
    kind: AnyJobKind,
    input: unknown,
    options: StartOptions & { scheduleKey?: string } = {},
  ): Promise<string | null> {
    const id = newId();
    const sealed = hides(kind.input);
    const made = await insertJob(db, {
      id,
      orgId: actor.orgId,
      kind: kind.key,
      title: (options.title ?? kind.title).slice(0, 200),
      startedBy: actor.kind === "person" ? actor.id : null,
      startedByName: actor.name,
      input: sealed ? undefined : (input ?? null),
      scheduleKey: options.scheduleKey ?? null,
    });
    if (made && sealed) await writeSealedInput(db, sealer, id, input);
    return made ? id : null;
  }

  /**
   * Queues a job in the transaction of `db`, to be begun after the commit; returns its id. Fault `denied` when the actor
   * lacks the kind's permission, `invalid` for an input that the kind refuses.
   */
  async function startJob<I extends z.ZodType>(
    db: Db,
    actor: Actor,
    kind: JobKind<I>,
    input: z.input<I>,
    options: StartOptions = {},
  ): Promise<string> {
    mayStart(actor, kind);
    const parsed = kind.input.safeParse(input);
    if (!parsed.success) throw new Fault("invalid", parsed.error.issues[0]?.message ?? "Invalid input.");
    const id = await enqueue(db, actor, kind, input, options);
    if (!id) throw new Error("A job without a schedule was not made");
    return id;
  }

  return { enqueue, startJob };
}

function mayStart(actor: Actor, { permission }: AnyJobKind): void {
  if (permission === null || actor.kind === "system" || actor.permissions.has(permission)) return;
  throw new Fault(
    "denied",
    `You lack the permission "${permission}" in this organization. Ask an administrator for a role that holds it.`,
    { permission },
  );
}
