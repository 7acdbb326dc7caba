import { z } from "zod";
import { registry } from "../../core/index.ts";
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

    isReady: async (context) => (await asked(context)) !== null,

    async begin(context) {
      const found = await asked(context);
      if (!found) return { shown: {} };
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
