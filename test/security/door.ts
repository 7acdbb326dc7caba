import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { assetSettings, createAssets } from "../../src/assets/index.ts";
import { createAudit, loadSigningKey } from "../../src/audit/index.ts";
import { type Actor, type AnyAction, type Delivery, type Endpoint, Fault, newId, run } from "../../src/core/index.ts";
import { createRuntime, createSealer, type Db } from "../../src/db/index.ts";
import { createIam, createOrganization, DEFAULT_ORGANIZATION, iamSettings, receiverOf } from "../../src/iam/index.ts";
import { type AnySettingsGroup, createPlatform, type Platform } from "../../src/platform/index.ts";
import {
  generateKeyPair,
  parsePrivateKey,
  parsePublicKey,
  protocols,
  signCertificate,
} from "../../src/protocols/index.ts";
import { testDatabase } from "../support/database.ts";

export interface AuditEvent {
  readonly action: string;
  readonly outcome: string;
  readonly actor_name: string;
  readonly actor_id: string | null;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly fields: Record<string, unknown>;
}

/** Identity and assets as the program puts them together, on a database of the test file's own. */
export type Door = Awaited<ReturnType<typeof openDoor>>;

export async function openDoor(options: { max?: number; settings?: readonly AnySettingsGroup[] } = {}) {
  const said: { message: string; error: unknown }[] = [];
  const test = await testDatabase(options);
  const { database } = test;
  const directory = await mkdtemp(join(tmpdir(), "sallyport-door-"));
  const clock = { aheadMs: 0 };
  const now = (): Date => new Date(Date.now() + clock.aheadMs);
  const signingKey = await loadSigningKey(directory);
  const audit = createAudit({
    database,
    now,
    signingKey,
    checkpointFile: join(directory, "checkpoints"),
    log: () => {},
  });
  const runtime = createRuntime({ database, now, record: audit.record });
  const sealer = createSealer({ masterKeys: { current: Buffer.alloc(32, 7) } });
  const say = (message: string, error?: unknown): void => void said.push({ message, error });
  const platform: Platform = createPlatform({
    database,
    runtime,
    sealer,
    settings: [...iamSettings, ...assetSettings, ...(options.settings ?? [])],
    say,
    consoleOrigin: "https://gate.example",
  });
  const iam = createIam({
    database,
    runtime,
    sealer,
    platform,
    parsePublicKey,
    certificates: { generateKeyPair, signCertificate },
    consoleOrigin: "https://gate.example",
  });
  const openPrivateKey = (text: string, passphrase?: string) => parsePrivateKey(text, passphrase).getPrivatePEM();
  const assets = createAssets({ sealer, runtime, platform, protocols, openPrivateKey });
  const actions: AnyAction<Db>[] = [...platform.actions, ...iam.actions, ...assets.actions];
  await iam.prepare(actions);
  const { db } = database;

  async function call<I extends z.ZodType, O extends z.ZodType>(
    actor: Actor,
    endpoint: Endpoint<I, O>,
    input: z.input<I>,
    delivered?: (delivery: Delivery) => void,
  ): Promise<z.output<O>> {
    const action = actions.find((one) => one.endpoint === endpoint);
    if (!action) throw new Error(`No action keeps ${endpoint.name}`);
    return (await run(runtime, action, actor, input, delivered)) as z.output<O>;
  }

  return {
    database,
    db,
    url: test.url,
    runtime,
    sealer,
    platform,
    receiverOf,
    /** What the platform complained of. */
    said,
    iam,
    assets,
    clock,
    call,
    /** The code of the refusal, or "ok". */
    codeOf: (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "ok",
        (error: unknown) => {
          if (error instanceof Fault) return error.code;
          throw error;
        },
      ),
    /** A member of an organization with these roles, as the actor of a request. */
    async person(
      name: string,
      options: { roles?: readonly string[]; orgId?: string; id?: string } = {},
    ): Promise<Actor & { id: string; orgId: string }> {
      const { roles = [], orgId = DEFAULT_ORGANIZATION, id = newId() } = options;
      if (!options.id) await db.insertInto("users").values({ id, login_name: name, name }).execute();
      await db.insertInto("membership").values({ org_id: orgId, user_id: id }).execute();
      for (const role_id of roles) {
        if (role_id.startsWith("system-")) {
          await db.insertInto("system_role_binding").values({ user_id: id, role_id }).execute();
        } else {
          await db.insertInto("role_binding").values({ org_id: orgId, user_id: id, role_id }).execute();
        }
      }
      const held = await db
        .selectFrom("role")
        .select("permissions")
        .where("id", "in", ["", ...roles])
        .execute();
      const permissions = new Set(held.flatMap((role) => role.permissions));
      const proved = { signIn: now(), password: now(), secondFactor: null };
      return {
        kind: "person",
        id,
        name,
        orgId,
        address: "10.0.0.1",
        via: "console",
        permissions,
        signInId: null,
        proved,
      };
    },
    async organization(name: string): Promise<string> {
      const id = newId();
      await createOrganization(db, { id, name });
      return id;
    },
    async events(action: string): Promise<AuditEvent[]> {
      const rows = await db
        .selectFrom("audit_event")
        .selectAll()
        .where("action", "=", action)
        .orderBy("at")
        .orderBy("id")
        .execute();
      return rows as unknown as AuditEvent[];
    },
    async close(): Promise<void> {
      await test.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const guest = (address: string | null = "10.0.0.9"): Actor => ({
  kind: "anonymous",
  id: null,
  name: "anonymous",
  orgId: null,
  address,
  via: "console",
  permissions: new Set(),
  signInId: null,
});
