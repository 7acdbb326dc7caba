import { z } from "zod";
import { type AnyAction, type Actor, endpoint, Fault, Id, newId, plain, run, type Runtime } from "../../core/index.ts";
import {
  type Assets,
  decide,
  judgeConnections,
  methodOf,
  mustPass,
  notAllowed,
  warningsOf,
} from "../../assets/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { sooner } from "./ruled.ts";
import { insertSession, markEnded } from "./session.store.ts";

const Text = plain(z.string().max(4096));
/** As long as an SSH packet may be; row and audit event hold its head, the recording all of it. */
const CommandText = plain(z.string().max(65_536));

const openEndpoint = endpoint({
  route: "POST /internal/session/open",
  name: "session.open",
  title: "Open a session",
  input: z.object({
    assetId: Id,
    accountId: Id,
    protocol: Text,
    kind: z.enum(["shell", "exec"]),
    command: CommandText.nullable(),
    gatewayId: Id,
    /** Access rules that ask for a review, and that a reviewer approved for this session. */
    approved: z.array(Id).max(10),
  }),
  output: z.object({
    id: Id,
    userName: Text,
    assetName: Text,
    accountName: Text,
    startedAt: z.date(),
    until: z.date().nullable(),
    nextChange: z.date().nullable(),
    gave: z.map(Id, z.number()),
    /** What the person is to be told. */
    notices: z.array(Text),
  }),
});

const endEndpoint = endpoint({
  route: "POST /internal/session/end",
  name: "session.end",
  title: "End a session",
  input: z.object({
    id: Id,
    title: Text,
    reason: Text,
    detail: Text.nullable(),
    exitCode: z.number().int().nullable(),
    bytes: z.number().int(),
    /** False: the recording could not even be started. */
    recorded: z.boolean(),
  }),
  output: z.object({}),
});

const outliveEndpoint = endpoint({
  route: "POST /internal/session/outlive",
  name: "session.outlive",
  title: "Let a session go on after its rule ended",
  input: z.object({ id: Id, title: Text, words: Text, until: z.date().nullable() }),
  output: z.object({}),
});

export type OutliveInput = z.output<typeof outliveEndpoint.input>;
export type OpenInput = z.output<typeof openEndpoint.input>;
export type OpenedSession = z.output<typeof openEndpoint.output>;
export type EndInput = z.output<typeof endEndpoint.input>;

const opening = (assets: Pick<Assets, "tellReviewers">) =>
  serve(openEndpoint, {
    access: "signed-in",
    async run({ db, actor, now, about, note }, { gatewayId, approved, ...input }) {
      if (!actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
      const { address, via, orgId } = actor;
      const subject = { orgId, userId: actor.id, assetId: input.assetId, accountId: input.accountId };
      const [decision] = await decide(db, [{ ...subject, protocol: input.protocol, action: "connect" }], now);
      if (!decision?.allowed) throw notAllowed();
      const [verdict] = await judgeConnections(db, [{ ...subject, address, method: methodOf(via), approved }], now);
      if (!verdict) throw notAllowed();
      note({ accessRules: verdict.deciding.map(({ id, name, action }) => ({ id, name, action })) });
      mustPass(verdict);
      const id = newId();
      const row = await insertSession(db, { id, ...subject, ...input, via, address, gatewayId });
      if (!row) throw notAllowed();
      about({ kind: "session", id, name: `${row.accountName}@${row.assetName}` });
      note({ rules: decision.rules });
      const { userName: person, assetName: asset, accountName: account } = row;
      await assets.tellReviewers(db, verdict.notify, { orgId, person, asset, account, address, at: now });
      const { until, gave } = decision;
      const nextChange = sooner(decision.nextChange, verdict.nextChange);
      return { id, ...row, until, nextChange, gave: new Map(gave), notices: warningsOf(verdict) };
    },
  });

const end = serve(endEndpoint, {
  access: "signed-in",
  async run({ db, about }, { id, title, ...how }) {
    about({ kind: "session", id, name: title });
    await markEnded(db, id, how);
    return {};
  },
});

const outlive = serve(outliveEndpoint, {
  access: "signed-in",
  async run({ about }, { id, title }) {
    about({ kind: "session", id, name: title });
    return {};
  },
});

/**
 * Asks the permission rules, then the access rules, and writes the session's row. Fault `denied` when no permission rule
 * allows it or an access rule refuses it. Audited.
 */
export const openSession = (
  { runtime, assets }: { readonly runtime: Runtime<Db>; readonly assets: Pick<Assets, "tellReviewers"> },
  actor: Actor,
  input: OpenInput,
): Promise<OpenedSession> => run(runtime, opening(assets) as AnyAction<Db>, actor, input);

/** Writes the end of a session. Audited. */
export const endSession = async (runtime: Runtime<Db>, actor: Actor, input: EndInput): Promise<void> => {
  await run(runtime, end as AnyAction<Db>, actor, input);
};

/** Writes that a session goes on although its rules ended, or that rules give it again. Audited. */
export const noteOutliving = async (runtime: Runtime<Db>, actor: Actor, input: OutliveInput): Promise<void> => {
  await run(runtime, outlive as AnyAction<Db>, actor, input);
};
