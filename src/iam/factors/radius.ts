import { sql } from "kysely";
import { z } from "zod";
import { Fault, registry } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import { activeBackends, bounded, callOf, type Configured } from "../backends/configured.ts";
import type { Backend, BackendCall } from "../backends/backend.ts";
import { ask } from "../backends/radius/ask.ts";
import { fits } from "../backends/radius/packet.ts";
import { radius, sentName } from "../backends/radius/radius.ts";
import type { RadiusSettings } from "../backends/radius/settings.ts";
import { spend } from "../login/attempt.ts";
import type { Factor, FactorContext } from "./factor.ts";

/** Longer than the server would take a code a second time. */
const SPENT_MS = 3 * 60_000;

const Memory = z.object({
  backendId: z.string(),
  server: z.string().nullable(),
  /** Of the challenge, in base64. */
  state: z.string().nullable(),
});

/** A code that a RADIUS server judges, and that counts once: the first active RADIUS backend that is there for second factors. */
export function radiusFactor({ sealer }: { readonly sealer: Sealer }): Factor {
  const backends = registry<Backend>("sign-in backend", [radius]);

  /** The backend that is asked about the user, and the name it knows them by; null: none is. */
  async function asked({ db, user }: Pick<FactorContext, "db" | "user">, id?: string) {
    for (const backend of await activeBackends({ db, sealer, backends }, id === undefined ? {} : { id })) {
      const settings = backend.settings as RadiusSettings;
      if (settings.use !== "second-factor") continue;
      const linked = await linkedName(db, backend.id, user.id);
      const name = linked ?? (settings.secondFactorFor === "everybody" ? sentName(settings, user.loginName) : null);
      if (name !== null) return { backend, settings, name };
    }
    return null;
  }

  return {
    kind: "radius",
    title: "Code of the RADIUS server",
    prompt: "Code of the RADIUS server",

    // Also while the backend is switched off: what cannot be asked is not what need not be given.
    isReady: async (context) => (await asked(context)) !== null || (await isLinked(context)),

    async begin(context) {
      const found = await asked(context);
      if (!found)
        throw new Fault(
          "denied",
          "The RADIUS server cannot be asked now. Use a recovery code or another second factor, or ask an administrator.",
        );
      const { backend, settings, name } = found;
      if (!settings.asksFirst) {
        return { shown: {}, memory: { backendId: backend.id, server: null, state: null } };
      }
      const call = callTo(backend);
      const reply = await bounded(call, backend.name, ask(call, { userName: name, password: "" }));
      const state = reply.says === "challenge" ? (reply.state?.toString("base64") ?? null) : null;
      const text = reply.says === "challenge" ? reply.message : "";
      return { shown: text === "" ? {} : { text }, memory: { backendId: backend.id, server: reply.server, state } };
    },

    async verify(context, answer, memory) {
      const remembered = Memory.safeParse(memory);
      if (!remembered.success) return false;
      const { backendId, server, state } = remembered.data;
      const found = await asked(context, backendId);
      const code = answer.trim();
      // An answer to a question that the server did not ask would be judged as a password.
      if (!found || !fits(code) || (found.settings.asksFirst && state === null)) return false;
      const call = callTo(found.backend);
      const question = {
        userName: found.name,
        password: code,
        state: state === null ? null : Buffer.from(state, "base64"),
      };
      const reply = await bounded(call, found.backend.name, ask(call, question, server ?? undefined));
      if (reply.says !== "accept") return false;
      const until = new Date(context.now.getTime() + SPENT_MS);
      return spend(context.db, `radius:${backendId}`, `${context.user.id} ${code}`, until);
    },
  };
}

const callTo = (backend: Configured): BackendCall<RadiusSettings> => callOf(backend) as BackendCall<RadiusSettings>;

/** Whether the user is linked to a backend for second factors, be it active or not. */
async function isLinked({ db, user }: Pick<FactorContext, "db" | "user">): Promise<boolean> {
  const { rows } = await sql`
    select from identity i join sign_in_backend b on b.id = i.backend_id
    where i.user_id = ${user.id} and b.kind = 'radius' and b.settings->>'use' = 'second-factor' limit 1`.execute(db);
  return rows.length > 0;
}

/** The name under which the user is linked to the backend. */
async function linkedName(db: Db, backendId: string, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom("identity")
    .select("subject")
    .where("backend_id", "=", backendId)
    .where("user_id", "=", userId)
    .orderBy("linked_at")
    .limit(1)
    .executeTakeFirst();
  return row?.subject ?? null;
}
