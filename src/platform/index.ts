import type { AnyAction, Runtime } from "../core/index.ts";
import type { Database, Db, Listening, Sealer } from "../db/index.ts";
import { channelActions } from "./channels/check.ts";
import { channels } from "./channels/index.ts";
import { mail } from "./channels/mail/mail.ts";
import { createFiles } from "./files/files.ts";
import { createJobStarter, jobActions } from "./jobs/job.ts";
import type { AnyJobKind } from "./jobs/kind.ts";
import { type Schedule, startSchedules } from "./jobs/schedule.ts";
import { startJobWorker } from "./jobs/worker.ts";
import { createNotify } from "./notifications/notify.ts";
import { type ReceiverOf, startSender } from "./notifications/sender.ts";
import type { AnyMailTemplate } from "./notifications/template.ts";
import type { AnySettingsGroup } from "./settings/group.ts";
import { createSettingsReader } from "./settings/reader.ts";
import { settingActions } from "./settings/setting.ts";
import { createSettingStore } from "./settings/setting.store.ts";
import { createTickets } from "./tickets/index.ts";

export { columnProblem, fieldsOf, momentOf, titleOf, type Titles, truthOf, withoutGuard } from "./files/cells.ts";
export { fileOf, pagesOf } from "./files/download.ts";
export type { Files } from "./files/files.ts";
export { importRows, thenDrop } from "./files/import-rows.ts";
export { createRowRunner, createSeen, inParallel, outcomeOf, type RunRow } from "./files/rows.ts";
export { type AnyJobKind, type JobContext, type JobKind, jobKind, type JobPlace, type JobResult } from "./jobs/kind.ts";
export { nextRun, type Schedule, schedule, type Timing } from "./jobs/schedule.ts";
export type { Notice } from "./notifications/notify.ts";
export type { Receiver, ReceiverOf } from "./notifications/sender.ts";
export {
  type AnyMailTemplate,
  type Language,
  type MailTemplate,
  mailTemplate,
  type MessageText,
} from "./notifications/template.ts";
export { type AnySettingsGroup, type SettingsGroup, settingsGroup } from "./settings/group.ts";
export type { Asked, Asking } from "./tickets/ask.ts";
export {
  type AskedTicket,
  type Deciding,
  type TicketKind,
  ticketKind,
  type TicketOutcome,
} from "./tickets/kind.ts";

/** Settings, messages, jobs, tickets and files, as the domains above see them. */
export type Platform = ReturnType<typeof createPlatform>;

/** What a process works off: the jobs of these kinds, these schedules, and what the outbox holds. */
export interface Work {
  readonly kinds: readonly AnyJobKind[];
  readonly schedules: readonly Schedule[];
  readonly templates: readonly AnyMailTemplate[];
  readonly receiverOf: ReceiverOf;
}

/**
 * Settings, messages, background work and tickets. `settings`: the groups of the domains above; mail's own is added here.
 * `consoleOrigin`: where links in mails of tickets lead; absent or null: they hold none.
 */
export function createPlatform(deps: {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly sealer: Sealer;
  readonly settings: readonly AnySettingsGroup[];
  readonly say: (message: string, error?: unknown) => void;
  readonly consoleOrigin?: string | null;
}) {
  const { database, runtime, sealer, say } = deps;
  const groups = [...deps.settings, ...channels.list().map((channel) => channel.settings as AnySettingsGroup)];
  if (new Set(groups.map(({ key }) => key)).size !== groups.length)
    throw new Error("Two groups of settings share a key");
  const store = createSettingStore({ sealer });
  let following: Listening | undefined;
  const settings = createSettingsReader({ database, store, hears: () => following?.connected ?? false });
  const { enqueue, startJob } = createJobStarter({ sealer });
  const failed = (error: unknown): void => say("the platform's signals are interrupted", error);
  const notify = createNotify({ sealer, now: runtime.now });
  const mailIsConfigured = async (db?: Db): Promise<boolean> =>
    mail.isConfigured(await settings.read(mail.settings, null, db));
  const { consoleOrigin = null } = deps;
  const tickets = createTickets({ database, runtime, notify, mailIsConfigured, consoleOrigin });

  return {
    actions: [
      ...settingActions({ groups, store }),
      ...channelActions({ settings }),
      ...jobActions(),
      ...tickets.actions,
    ] as AnyAction<Db>[],

    settings: { read: settings.read },

    /** What people upload for an import. */
    files: createFiles({ database, sealer }),

    startJob,
    notify,

    /**
     * A request that a reviewer decides: `learn` the kinds, `askTicket` in the transaction of what needs it, then either
     * leave the rest to the kind's `decided`, or `waitForDecision`, and `withdrawTicket` when waiting is given up.
     */
    tickets: tickets.door,

    /** Whether mail can leave: say so to whoever would wait for one. */
    mailIsConfigured,

    /**
     * Hears from now on of changed settings, so that reading them is cheap, and of decided tickets, so that who waits
     * goes on at once; in every process. Resolves when it does.
     */
    async follow(): Promise<{ stop(): Promise<void> }> {
      following = await database.listen(["settings_changed", "ticket_changed"], {
        notified: (channel, payload) =>
          channel === "ticket_changed" ? tickets.listener.notified(payload) : settings.listener.notified(),
        reconnected: () => (settings.listener.reconnected(), tickets.listener.reconnected()),
        failed,
      });
      const standing = following;
      // What was read before counts for nothing: its change may have gone unheard.
      settings.listener.reconnected();
      return { stop: () => standing.close() };
    },

    /** Works off jobs, schedules and the outbox until `stop`; in any number of processes. */
    async work(work: Work): Promise<{ stop(): Promise<void> }> {
      const worker = startJobWorker({ database, runtime, sealer, say, kinds: [...work.kinds, tickets.kind] });
      const schedules = startSchedules({
        database,
        enqueue,
        say,
        now: runtime.now,
        schedules: [...work.schedules, tickets.schedule],
      });
      const sender = startSender({
        database,
        runtime,
        sealer,
        settings,
        channels,
        say,
        templates: [...work.templates, ...tickets.templates],
        receiverOf: work.receiverOf,
      });
      const look = (): void => (worker.look(), sender.look());
      const listening = await database.listen(["job_changed", "notification_waiting"], {
        notified: (channel) => (channel === "job_changed" ? worker.look() : sender.look()),
        reconnected: look,
        failed,
      });
      return {
        async stop() {
          await listening.close();
          await Promise.all([schedules.stop(), worker.stop(), sender.stop()]);
        },
      };
    },
  };
}
