import type { Gave, Standing } from "../../assets/index.ts";
import type { RuledRequest, RuledStanding } from "../live/ruled.ts";
import type { Audience } from "./audience.ts";

/** Why a session ended, in words for the person and the record. */
export interface EndCause {
  readonly reason:
    | "closed"
    | "exited"
    | "terminated"
    | "revoked"
    | "expired"
    | "client_lost"
    | "target_lost"
    | "recording_failed"
    | "gateway_stopped"
    | "gateway_lost"
    | "refused"
    | "failed";
  readonly detail: string | null;
}

/** A session that this process holds. */
export interface LiveSession {
  readonly id: string;
  readonly userId: string;
  readonly request: RuledRequest;
  readonly audience: Audience;
  /** When its permission has to be asked for again, at the latest. */
  nextChange: Date | null;
  /** Which rules gave it; see `Standing`. */
  gave: Gave;
  /** Its rules ended and let it go on until then, or (null inside) to its own end; null: rules in force give it. */
  outlives: Standing["outlives"];
  /** Tells the person and the record that `outlives` changed. */
  told(outlives: Standing["outlives"]): void;
  /** Ends it; the first cause counts. Resolves when its row and recording are closed. */
  end(cause: EndCause): Promise<void>;
}

export interface LiveSessions {
  readonly size: number;
  ids(): string[];
  /** How often rights were asked for again; whoever decided before the last time asks once more. */
  readonly rechecks: number;
  add(session: LiveSession): () => void;
  get(id: string): LiveSession | undefined;
  /** Asks for every session whether it is still allowed, and ends those that are not. */
  recheck(): Promise<void>;
  endAll(cause: EndCause): Promise<void>;
  stop(): void;
}

const SAFETY_MS = 30_000;
/** How soon a question that failed is put again. */
const AGAIN_MS = 1_000;
/** How long sessions live on while nobody can say whether they may. */
export const BLIND_MS = 30_000;
/** The end of sessions of which that is so. */
export const BLIND: EndCause = {
  reason: "gateway_stopped",
  detail: "The gate lost its database and cannot check permissions any more.",
};

const REVOKED: EndCause = { reason: "revoked", detail: "The permission for this session ended." };
const EXPIRED: EndCause = { reason: "expired", detail: "The time of the permission for this session is over." };

/**
 * The sessions of this process. `ask` decides for many at once. Rights are asked for again when told, when a rule
 * starts or ends, and every 30 seconds whatever happens; where no answer comes for 30 seconds, all end. A revoked session ends at once; one whose rules ended by the
 * clock is cut, warned and cut later, or kept, as they say.
 */
export function createLiveSessions(deps: {
  ask: (requests: readonly (RuledRequest & { readonly gave: Gave })[]) => Promise<RuledStanding[]>;
  failed: (error: unknown) => void;
}): LiveSessions {
  const sessions = new Map<string, LiveSession>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let rechecks = 0;
  let stopped = false;
  let safety = Date.now() + SAFETY_MS;
  /** When the first of the questions was put that have failed since the last answer; null: the last was answered. */
  let blindSince: number | null = null;

  function plan(): void {
    clearTimeout(timer);
    if (stopped || sessions.size === 0) return;
    const now = Date.now();
    const next = [...sessions.values()].reduce(
      (soonest, { nextChange }) => Math.min(soonest, nextChange?.getTime() ?? soonest),
      safety,
    );
    timer = setTimeout(() => void recheck(), Math.max(blindSince === null ? 10 : AGAIN_MS, next - now));
  }

  async function askAll(): Promise<void> {
    const asked = [...sessions.values()];
    const began = Date.now();
    const standings = await deps.ask(asked.map(({ request, gave }) => ({ ...request, gave }))).catch((error) => {
      blindSince ??= began;
      safety = Date.now() + AGAIN_MS;
      throw error;
    });
    blindSince = null;
    asked.forEach((session, index) => apply(session, standings[index]));
  }

  function apply(session: LiveSession, standing: RuledStanding | undefined): void {
    if (!standing || !(standing.allowed || standing.outlives)) {
      const cause = standing?.refusal ? { ...REVOKED, detail: standing.refusal } : REVOKED;
      void session.end(standing?.byClock ? EXPIRED : cause).catch(deps.failed);
      return;
    }
    const { nextChange, gave, outlives } = standing;
    const before = session.outlives;
    Object.assign(session, { nextChange, gave, outlives });
    const same = before && outlives ? before.until?.getTime() === outlives.until?.getTime() : before === outlives;
    if (!same) session.told(outlives);
  }

  async function untilQuiet(): Promise<void> {
    do {
      again = false;
      safety = Date.now() + SAFETY_MS;
      if (sessions.size > 0) await askAll();
    } while (again);
  }

  function recheck(): Promise<void> {
    again = true;
    rechecks += 1;
    running ??= untilQuiet()
      .catch((error) => {
        deps.failed(error);
        if (blindSince !== null && Date.now() - blindSince > BLIND_MS) void endAll(BLIND);
      })
      .finally(() => {
        running = undefined;
        plan();
      });
    return running;
  }

  async function endAll(cause: EndCause): Promise<void> {
    await Promise.allSettled([...sessions.values()].map((session) => session.end(cause)));
  }

  return {
    get size() {
      return sessions.size;
    },
    ids: () => [...sessions.keys()],
    get rechecks() {
      return rechecks;
    },
    add(session) {
      if (sessions.size === 0) safety = Date.now() + SAFETY_MS;
      sessions.set(session.id, session);
      plan();
      return () => void sessions.delete(session.id);
    },
    get: (id) => sessions.get(id),
    recheck,
    endAll,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
