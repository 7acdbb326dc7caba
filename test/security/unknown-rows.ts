import { randomBytes } from "node:crypto";
import { newId } from "../../src/core/index.ts";
import type { Database } from "../../src/db/index.ts";

/** A job of the administrator's that no process works off: nobody knows its kind. */
export async function makeJob({ db }: Database, started_by: string, title: string): Promise<string> {
  const id = newId();
  const { org_id } = await db
    .selectFrom("membership")
    .select("org_id")
    .where("user_id", "=", started_by)
    .executeTakeFirstOrThrow();
  const job = { id, org_id, kind: "probe", title, started_by, started_by_name: "Ada Admin", results: 1 };
  await db.insertInto("job").values(job).execute();
  await db
    .insertInto("job_result")
    .values({ job_id: id, number: 1, outcome: "ok", subject: title, message: "" })
    .execute();
  return id;
}

/** A request of the administrator's that only somebody who is gone could decide; nobody knows its kind. */
export async function makeTicket({ db }: Database, asked_by: string, title: string): Promise<string> {
  const id = newId();
  const { org_id } = await db
    .selectFrom("membership")
    .select("org_id")
    .where("user_id", "=", asked_by)
    .executeTakeFirstOrThrow();
  const ticket = { id, org_id, kind: "probe", title, reason: "", body: "{}", asked_by, asked_by_name: "Ada Admin" };
  await db
    .insertInto("ticket")
    .values({ ...ticket, reviewers: [newId()] })
    .execute();
  return id;
}

/** A sign-in backend that nobody can use: nobody knows its kind. */
export async function makeBackend({ db }: Database): Promise<string> {
  const id = newId();
  await db
    .insertInto("sign_in_backend")
    .values({ id, kind: "probe", name: `backend-${randomBytes(5).toString("hex")}` })
    .execute();
  return id;
}
