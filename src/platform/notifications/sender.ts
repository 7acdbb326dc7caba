import { Fault, type Registry, type Runtime, systemActor } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import type { AnyChannel } from "../channels/channel.ts";
import type { SettingsReader } from "../settings/reader.ts";
import { sealedContext } from "./notify.ts";
import { claimWaiting, forgetOldNotifications, markGivenUp, markSent, tryLater, type Waiting } from "./outbox.store.ts";
import { type AnyMailTemplate, type Language, layOut } from "./template.ts";

const LOOK_MS = 5_000;
const AT_ONCE = 4;
/** Longer than any channel takes for one message, so that a process that was killed delays it and no live one is doubled. */
const CLAIM_SECONDS = 90;
const FIRST_PAUSE_SECONDS = 30;
const LONGEST_PAUSE_SECONDS = 3600;
const KEPT_DAYS = 30;

/** Who a message goes to. */
export interface Receiver {
  /** Null: there is no way to reach this user. */
  readonly address: string | null;
  readonly language: Language;
}

/** Looks a user up; null when there is none any more. */
export type ReceiverOf = (db: Db, userId: string) => Promise<Receiver | null>;

export interface SenderDeps {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly sealer: Sealer;
  readonly settings: SettingsReader;
  readonly channels: Registry<AnyChannel>;
  readonly templates: readonly AnyMailTemplate[];
  readonly receiverOf: ReceiverOf;
  readonly say: (message: string, error?: unknown) => void;
}

export interface Sender {
  look(): void;
  stop(): Promise<void>;
}

/** Delivers what the outbox holds: each message until it is taken or given up, across any number of processes. */
export function startSender(deps: SenderDeps): Sender {
  const { database, runtime, sealer, settings, channels, receiverOf, say } = deps;
  const templates = new Map(deps.templates.map((template) => [template.key, template]));
  if (templates.size !== deps.templates.length) throw new Error("Two templates share a key");
  const ending = new AbortController();
  let asked = false;
  let looking: Promise<void> | undefined;

  /** Channels that are set up; the messages of others wait. */
  async function configured(): Promise<string[]> {
    const ready: string[] = [];
    for (const channel of channels.list()) {
      if (channel.isConfigured(await settings.read(channel.settings))) ready.push(channel.kind);
    }
    return ready;
  }

  async function deliver(row: Waiting): Promise<void> {
    const template = templates.get(row.template);
    if (row.late) return giveUp(row, "It could not be sent in time.");
    if (!template) return giveUp(row, `This version of the program knows no template "${row.template}".`);
    const receiver = row.userId === null ? null : await receiverOf(database.db, row.userId);
    const address = row.address ?? receiver?.address ?? null;
    if (address === null) return giveUp(row, "The user has no mail address.");
    const language = receiver?.language ?? "en";
    const secret = row.sealed ? sealer.open(row.sealed, sealedContext(row.id)).toString() : "{}";
    const values = template.values.parse({ ...row.content, ...(JSON.parse(secret) as object) }) as unknown;
    const message = layOut(row.id, template.render(values, language), language);
    const channel = channels.get(row.channel);
    await channel.send(await settings.read(channel.settings), address, message, ending.signal);
    await markSent(database.db, row);
  }

  async function attempt(row: Waiting): Promise<void> {
    try {
      await deliver(row);
    } catch (error) {
      if (ending.signal.aborted) return tryLater(database.db, row, "The program was stopped.", 0);
      if (!(error instanceof Fault)) say(`the notification ${row.id} (${row.template}) failed`, error);
      const problem = error instanceof Fault ? error.message : "A mistake in the program; see the log.";
      if (error instanceof Fault && error.code === "invalid") return giveUp(row, problem);
      const pause = Math.min(FIRST_PAUSE_SECONDS * 2 ** (row.attempts - 1), LONGEST_PAUSE_SECONDS);
      await tryLater(database.db, row, problem, pause);
    }
  }

  const giveUp = (row: Waiting, problem: string): Promise<void> =>
    database.transaction(async (db) => {
      if (!(await markGivenUp(db, row, problem))) return;
      await runtime.record(db, {
        action: "notification.give-up",
        actor: systemActor(row.orgId),
        outcome: "error",
        target: { kind: "notification", id: row.id, name: row.template },
        fields: { channel: row.channel, userId: row.userId, attempts: row.attempts, problem },
      });
    });

  async function round(): Promise<void> {
    do {
      asked = false;
      const ready = await configured();
      const rows = await claimWaiting(database.db, { channels: ready, limit: AT_ONCE, seconds: CLAIM_SECONDS });
      await Promise.all(rows.map(attempt));
      if (rows.length > 0) asked = true;
    } while (asked && !ending.signal.aborted);
  }

  function look(): void {
    asked = true;
    if (ending.signal.aborted || looking) return;
    looking = round()
      .catch((error: unknown) => say("sending notifications failed", error))
      .finally(() => {
        looking = undefined;
        if (asked) look();
      });
  }

  const timer = setInterval(look, LOOK_MS);
  const sweeping = setInterval(
    () =>
      void forgetOldNotifications(database.db, KEPT_DAYS).catch((error: unknown) =>
        say("removing old notifications failed", error),
      ),
    600_000,
  );
  look();

  return {
    look,
    async stop() {
      ending.abort(new Error("The program stops"));
      clearInterval(timer);
      clearInterval(sweeping);
      await looking;
    },
  };
}
