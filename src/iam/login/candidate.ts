import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { permissionsOf } from "./console-session.ts";

/** How much of a second factor is asked: never, of who has one, of everybody. */
export type Level = "off" | "on" | "forced";

/** Who might be signing in, with all that the way in depends on. */
export interface Candidate {
  readonly id: string;
  readonly loginName: string;
  readonly name: string;
  readonly email: string | null;
  /** The organization they enter first. */
  readonly orgId: string;
  /** A person, not disabled, not expired. */
  readonly mayEnter: boolean;
  readonly passwordHash: string | null;
  readonly passwordChangedAt: Date;
  readonly mustChangePassword: boolean;
  /** Found at the last sign-in with it. */
  readonly passwordIsWeak: boolean;
  /** The most that the user's own row and roles ask; null: nothing. */
  readonly secondFactor: Level | null;
  readonly permissions: readonly string[];
}

const candidates = (db: Db, which: ReturnType<typeof sql>) =>
  sql<Candidate>`
    select u.id, u.login_name as "loginName", u.name, u.email, m.org_id as "orgId",
      u.active and u.kind = 'person' and (u.expires_at is null or u.expires_at > now()) as "mayEnter",
      u.password_hash as "passwordHash", u.password_changed_at as "passwordChangedAt",
      u.must_change_password as "mustChangePassword", u.password_is_weak as "passwordIsWeak",
      -- 'forced' sorts before 'on'
      least(u.second_factor, (
        select min(r.second_factor) from role r where r.id in (
          select role_id from role_binding b where b.user_id = u.id
          union all select role_id from system_role_binding s where s.user_id = u.id))) as "secondFactor",
      ${permissionsOf("m.org_id", "u.id")} as permissions
    from users u join membership m on m.user_id = u.id
    where ${which}
    order by m.created_at, m.org_id limit 1`
    .execute(db)
    .then(({ rows }) => rows[0] ?? null);

/** The user of that login name, with the organization of first membership; null if there is none. */
export const findCandidate = (db: Db, loginName: string): Promise<Candidate | null> =>
  candidates(db, sql`lower(u.login_name) = lower(${loginName})`);

/** The same in one organization; null if the user is not a member of it. */
export const memberCandidate = (db: Db, loginName: string, orgId: string): Promise<Candidate | null> =>
  candidates(db, sql`lower(u.login_name) = lower(${loginName}) and m.org_id = ${orgId}`);

/** The same by the user's id. */
export const candidateOf = (db: Db, userId: string): Promise<Candidate | null> => candidates(db, sql`u.id = ${userId}`);
