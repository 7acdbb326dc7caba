import { z } from "zod";
import { Fault } from "../../core/index.ts";
import { Name } from "../../core/fields.ts";
import type { Factor } from "./factor.ts";
import { keepPasskey } from "./passkey.store.ts";
import { askForPasskey, askForProof, checkPasskey, checkProof, hasPasskey, knowsPasskeys } from "./web-authn.ts";

/** What an answer may call the new passkey. */
const Named = z.looseObject({ name: Name });

/** A passkey or a security key beside another proof. It counts wherever the console is opened: nobody slips past it. */
export const passkey: Factor = {
  kind: "passkey",
  title: "Passkey or security key",
  prompt: null,
  isReady: ({ db, user }) => hasPasskey(db, user.id),
  begin: ({ db, user, origin }) => askForProof(db, { origin, userId: user.id }),
  verify: async ({ db, user, origin }, answer, memory) =>
    (await checkProof(db, { origin, userId: user.id, answer, memory })) !== null,
  enrolment: {
    isOpen: async ({ origin }) => knowsPasskeys(origin),
    begin: ({ db, user, origin }) => askForPasskey(db, { origin, user }),
    async finish({ db, user, origin, now }, answer, memory) {
      const made = await checkPasskey({ origin, answer, memory });
      if (!made) return false;
      const given = Named.safeParse(JSON.parse(answer)).data?.name;
      await keepPasskey(db, user.id, { ...made, name: given ?? `Passkey ${now.toISOString().slice(0, 10)}` });
      return {};
    },
  },
  kept: {
    async list(db, userId) {
      return db
        .selectFrom("passkey")
        .select(["id", "name", "created_at as createdAt", "used_at as usedAt"])
        .where("user_id", "=", userId)
        .orderBy("created_at")
        .limit(100)
        .execute();
    },
    async forget(db, userId, id) {
      let gone = db.deleteFrom("passkey").where("user_id", "=", userId);
      if (id) gone = gone.where("id", "=", id);
      return Number((await gone.executeTakeFirst()).numDeletedRows);
    },
  },
};

/** The same Fault whatever was wrong with a passkey that stands alone. */
export const refusedAlone = (): Fault =>
  new Fault("unauthenticated", "This passkey does not sign anybody in here. Use another one, or your password.");
