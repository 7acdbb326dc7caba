import { Fault, LoginName, newId } from "../../core/index.ts";
import { type Db, violated } from "../../db/index.ts";
import { applyMappings } from "../backends/apply-mappings.ts";
import type { Backend, OutsideIdentity } from "../backends/backend.ts";
import { storable } from "../backends/storable.ts";
import { linkIdentity, takeAwaited } from "../identities/link.ts";

interface From {
  readonly id: string;
  readonly name: string;
  readonly orgId: string | null;
  readonly createsUsers: boolean;
  readonly entry: Pick<Backend, "flow">;
}

/**
 * The user that an outside identity belongs to: by backend, issuer and subject, never by an equal name or address. One
 * that an administrator awaits is linked, once; other unknown ones become users where the backend may create them. Fault `denied` that says what an administrator can do.
 */
export async function userOfIdentity(db: Db, backend: From, outside: OutsideIdentity): Promise<string> {
  if (outside.active === false) {
    throw new Fault(
      "denied",
      `${backend.name} says that "${outside.loginName}" may not sign in. Ask an administrator.`,
    );
  }
  const userId = await findOrCreate(db, backend, outside);
  await applyMappings(db, backend.id, userId, outside.groups);
  return userId;
}

async function findOrCreate(db: Db, backend: From, outside: OutsideIdentity): Promise<string> {
  const known = await db
    .updateTable("identity")
    .set({ used_at: new Date(), shown_name: outside.loginName.slice(0, 256) })
    .where("backend_id", "=", backend.id)
    .where("issuer", "=", outside.issuer)
    .where("subject", "=", outside.subject)
    .returning("user_id")
    .executeTakeFirst();
  if (known) return known.user_id;
  const awaited = await takeAwaited(db, backend, outside);
  if (awaited) {
    await linkIdentity(db, { backendId: backend.id, userId: awaited, outside, now: new Date() });
    return awaited;
  }
  if (!backend.createsUsers || !backend.orgId) {
    throw new Fault(
      "denied",
      `Nobody here is linked to "${outside.loginName}" of ${backend.name}. Ask an administrator to link your user.`,
    );
  }
  return createFrom(db, { ...backend, orgId: backend.orgId }, outside);
}

async function createFrom(db: Db, backend: From & { orgId: string }, outside: OutsideIdentity): Promise<string> {
  const id = newId();
  const person = storable({ ...outside, loginName: loginNameOf(outside.loginName) });
  if (!person) {
    throw new Fault(
      "denied",
      `"${outside.loginName}" cannot be a login name here. Ask an administrator to link a user.`,
    );
  }
  const { loginName, name, email } = person;
  await db
    .insertInto("users")
    .values({ id, login_name: loginName, name, email })
    .execute()
    .catch((error) => {
      if (violated(error) !== "user_login_name_is_unique") throw error;
      throw new Fault(
        "denied",
        `The login name "${loginName}" belongs to another user here. Ask an administrator to link your user to ${backend.name}.`,
      );
    });
  await db.insertInto("membership").values({ org_id: backend.orgId, user_id: id }).execute();
  await linkIdentity(db, { backendId: backend.id, userId: id, outside, now: new Date() });
  return id;
}

/** What stands before an @ or after a DOMAIN\\, without what no login name may hold. */
function loginNameOf(outsideName: string): string {
  const bare = outsideName.replace(/^[^\\]*\\/, "").replace(/@.*$/s, "");
  const name = LoginName.safeParse(bare.replace(/[\s:/\p{Cc}\p{Cf}]+/gu, ".").slice(0, 128));
  if (name.success) return name.data;
  throw new Fault(
    "denied",
    "Your name at the provider can be no login name here. Ask an administrator to link your user.",
  );
}
