import { z } from "zod";
import {
  type AnyAction,
  type Actor,
  endpoint,
  Fault,
  Host,
  Id,
  plain,
  Port,
  run,
  type Runtime,
} from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import { keepOffered, pinFirst, pinnedKey } from "../inventory/host-key.store.ts";
import { secretContext } from "./account.ts";

/** Everything a driver needs to reach a target as an account. Holds the secret: never log, store or answer it. */
export interface Connection {
  readonly assetId: string;
  readonly orgId: string;
  readonly host: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly username: string;
  readonly secretKind: "password" | "key";
  readonly secret: string;
}

interface SeenKey {
  readonly algorithm: string;
  readonly fingerprint: string;
}

/** The check of one target's host key, for one connection. */
export interface HostKeyCheck {
  /**
   * Resolves when the key is the pinned one or none is pinned. Otherwise throws Fault `upstream` with both
   * fingerprints and leaves the offered key for an administrator to accept. Audited.
   */
  verify(key: SeenKey): Promise<void>;
  /** Call it when the target has proved that it holds the key: pins on first use. Audited. */
  proved(): Promise<void>;
}

const seen = {
  assetId: Id,
  host: Host,
  port: Port,
  algorithm: plain(z.string().max(64)),
  fingerprint: plain(z.string().max(200)),
};

const pinEndpoint = endpoint({
  route: "POST /internal/host-key/pin",
  name: "asset.host-key.pin",
  title: "Pin a target's host key on first use",
  input: z.object(seen),
  output: z.object({ fingerprint: plain(z.string()) }),
});

const refuseEndpoint = endpoint({
  route: "POST /internal/host-key/refuse",
  name: "asset.host-key.refuse",
  title: "Refuse a target whose host key changed, and keep the key it offered",
  input: z.object({ ...seen, pinned: plain(z.string().max(200)) }),
  output: z.object({}),
});

const place = (actor: Actor, key: { assetId: string; host: string; port: number }) => ({
  orgId: actor.orgId ?? "",
  ...key,
});

const pin = serve(pinEndpoint, {
  access: "signed-in",
  async run({ db, actor, about }, { algorithm, fingerprint, ...where }) {
    about({ kind: "asset", id: where.assetId, name: where.host });
    return pinFirst(db, place(actor, where), { algorithm, fingerprint });
  },
});

const refuse = serve(refuseEndpoint, {
  access: "signed-in",
  async run({ db, actor, about }, { algorithm, fingerprint, pinned: _, ...where }) {
    about({ kind: "asset", id: where.assetId, name: where.host });
    await keepOffered(db, place(actor, where), { algorithm, fingerprint });
    return {};
  },
});

/** What a gateway needs of the inventory; neither is mounted on HTTP. */
export function createConnections({ sealer }: { sealer: Sealer }) {
  return {
    /** How to reach the account over the protocol, secret included. Fault `conflict` when no secret is stored. */
    async connectionOf(
      db: Db,
      of: { orgId: string; assetId: string; accountId: string; protocol: string },
    ): Promise<Connection> {
      const row = await db
        .selectFrom("account")
        .innerJoin("asset", (on) =>
          on.onRef("asset.org_id", "=", "account.org_id").onRef("asset.id", "=", "account.asset_id"),
        )
        .innerJoin("asset_protocol as p", (on) =>
          on.onRef("p.org_id", "=", "asset.org_id").onRef("p.asset_id", "=", "asset.id"),
        )
        .where("account.org_id", "=", of.orgId)
        .where("account.id", "=", of.accountId)
        .where("account.asset_id", "=", of.assetId)
        .where("p.kind", "=", of.protocol)
        .select(["asset.host", "p.port", "p.settings", "account.username", "account.secret_kind", "account.secret"])
        .executeTakeFirst();
      if (!row) throw new Fault("not_found", "The asset, the account or the protocol is gone.");
      if (!row.secret)
        throw new Fault("conflict", "No secret is stored for this account. Ask an administrator to set it.");
      return {
        assetId: of.assetId,
        orgId: of.orgId,
        host: row.host,
        port: row.port,
        settings: row.settings as Record<string, unknown>,
        username: row.username,
        secretKind: row.secret_kind as Connection["secretKind"],
        secret: sealer.open(row.secret, secretContext(of.accountId)).toString("utf8"),
      };
    },

    /** A new check of the connection's target; its events are the actor's. */
    hostKeyCheck(
      runtime: Runtime<Db>,
      actor: Actor,
      connection: Pick<Connection, "orgId" | "assetId" | "host" | "port">,
    ): HostKeyCheck {
      const { orgId, assetId, host, port } = connection;
      let first: SeenKey | null = null;
      async function refuseKey(pinned: string, key: SeenKey): Promise<never> {
        await run(runtime, refuse as AnyAction<Db>, actor, { assetId, host, port, ...key, pinned });
        throw new Fault(
          "upstream",
          `The host key of ${host}:${port} changed. Pinned: ${pinned}. Offered: ${key.fingerprint}. ` +
            "If the change is expected, an administrator can accept the new key on the asset's page.",
          { pinned, offered: key.fingerprint },
        );
      }
      return {
        async verify(key) {
          const pinned = await pinnedKey(runtime.db, { orgId, assetId, host, port });
          if (!pinned) first = key;
          else if (pinned.fingerprint !== key.fingerprint) await refuseKey(pinned.fingerprint, key);
        },
        async proved() {
          if (!first) return;
          const { fingerprint } = await run(runtime, pin as AnyAction<Db>, actor, { assetId, host, port, ...first });
          if (fingerprint !== first.fingerprint) await refuseKey(fingerprint, first);
        },
      };
    },
  };
}
