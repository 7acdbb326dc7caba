import { type Actor, type AnyAction, type Runtime, run } from "../core/index.ts";
import type { Db } from "../db/index.ts";
import { DEFAULT_ORGANIZATION, systemActor } from "../iam/index.ts";
import type { DemoTarget } from "./sshd.ts";

const ASSET = "demo-host";
const ACCOUNT = "demo-account";
const RULE = "Demo access";

interface Asset {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly protocols: readonly { readonly kind: string; readonly port: number }[];
}

type Call = (name: string, input: unknown) => Promise<unknown>;

/**
 * Registers the demo target as asset `demo-host` with `demo-account`, as the system itself, or brings its port up to
 * date; an administrator who is there already gets access. All or nothing.
 */
export async function registerDemo(deps: {
  readonly runtime: Runtime<Db>;
  readonly actions: readonly AnyAction<Db>[];
  readonly target: DemoTarget;
}): Promise<void> {
  const { runtime, actions, target } = deps;
  await runtime.transaction(async (tx) => {
    const call = caller(within(runtime, tx), actions);
    const asset = await findAsset(call);
    if (asset) return updatePort(call, asset, target.port);
    const protocols = [{ kind: "ssh", port: target.port }];
    const comment = "This machine's OpenSSH server, started by --demo.";
    const made = (await call("asset.create", { name: ASSET, host: target.host, comment, protocols })) as Asset;
    const secret = { kind: "key", value: target.privateKey };
    await call("account.create", { assetId: made.id, name: ACCOUNT, username: target.username, secret });
    const administrators = (await call("user.list", { roleId: "administrator", limit: 1 })) as {
      items: { id: string }[];
    };
    const first = administrators.items[0];
    if (first) await allow(call, made.id, first.id);
  });
}

/** The same actions, but completing the set-up also gives the new administrator access to the demo asset. */
export function withDemoAccess(runtime: Runtime<Db>, actions: readonly AnyAction<Db>[]): AnyAction<Db>[] {
  return actions.map((action) => {
    if (action.endpoint.name !== "setup.complete") return action;
    const wrapped: AnyAction<Db> = {
      ...action,
      async run(context, input) {
        const person = await action.run(context, input);
        const call = caller(within(runtime, context.db), actions);
        const asset = await findAsset(call);
        if (asset) await allow(call, asset.id, (person as { id: string }).id);
        return person;
      },
    };
    return wrapped;
  });
}

/** A runtime whose transactions are the one that is open. */
const within = (runtime: Runtime<Db>, tx: Db): Runtime<Db> => ({ ...runtime, db: tx, transaction: (work) => work(tx) });

function caller(runtime: Runtime<Db>, actions: readonly AnyAction<Db>[]): Call {
  const permissions = new Set(actions.map(({ endpoint }) => endpoint.name));
  const actor: Actor = { ...systemActor(DEFAULT_ORGANIZATION), permissions };
  return (name, input) => {
    const action = actions.find(({ endpoint }) => endpoint.name === name);
    if (!action) throw new Error(`There is no action ${name}`);
    return run(runtime, action, actor, input);
  };
}

async function findAsset(call: Call): Promise<Asset | undefined> {
  const { items } = (await call("asset.list", { search: ASSET })) as { items: Asset[] };
  return items.find(({ name }) => name === ASSET);
}

async function updatePort(call: Call, { id, version, protocols }: Asset, port: number): Promise<void> {
  if (protocols.some((protocol) => protocol.kind === "ssh" && protocol.port === port)) return;
  await call("asset.update", { id, version, protocols: [{ kind: "ssh", port }] });
}

async function allow(call: Call, assetId: string, userId: string): Promise<void> {
  await call("grant.create", {
    name: RULE,
    comment: "Made by --demo for the first administrator.",
    userIds: [userId],
    assetIds: [assetId],
    accounts: { names: [ACCOUNT] },
    protocols: { all: true },
    actions: ["connect", "upload", "download", "copy", "paste"],
  });
}
