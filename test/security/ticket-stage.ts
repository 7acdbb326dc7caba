import { sql } from "kysely";
import { z } from "zod";
import { type Door, openDoor } from "./door.ts";
import { type Actor, Fault, newId, plain } from "../../src/core/index.ts";
import { type Asked, type Asking, type TicketKind, ticketKind, type TicketOutcome } from "../../src/platform/index.ts";

export type Person = Actor & { id: string; orgId: string };
const Hosts = z.object({ hosts: z.array(plain(z.string().max(50))).max(10), note: z.string().max(50).default("") });
type HostsKind = TicketKind<typeof Hosts>;

/** People, kinds of tickets, and what their decisions did. */
export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage() {
  const door: Door = await openDoor();
  const ended: { id: string; outcome: TicketOutcome<z.output<typeof Hosts>> }[] = [];
  const hosts = ticketKind({
    key: "hosts",
    title: "Hosts",
    body: Hosts,
    narrow(_, asked, wanted) {
      if (!wanted.hosts.every((host) => asked.hosts.includes(host))) throw new Fault("invalid", "Not asked for.");
      return { ...asked, hosts: wanted.hosts };
    },
    async decided({ db }, { id, orgId }, outcome) {
      if (outcome.comment === "break") throw new Fault("conflict", "It cannot be carried out.");
      await db
        .insertInto("user_group")
        .values({ id: newId(), org_id: orgId, name: `made ${id}` })
        .execute();
      ended.push({ id, outcome });
    },
  });
  const fixed = ticketKind({ key: "fixed", title: "Fixed", body: Hosts });
  const review = ticketKind({ key: "review", title: "Review", body: Hosts, owed: true });
  door.platform.tickets.learn([hosts, fixed, review]);
  const admin = await door.person("admin", { roles: ["administrator"] });
  const auditor = await door.person("auditor", { roles: ["auditor"] });
  const [ann, bob, cleo] = [await door.person("ann"), await door.person("bob"), await door.person("cleo")];
  const stranger = await door.person("stranger", {
    orgId: await door.organization("Other"),
    roles: ["administrator"],
  });

  const ask = (wish: Partial<Asking<typeof Hosts>> = {}, kind: HostsKind = hosts, actor: Actor = ann): Promise<Asked> =>
    door.database.transaction((db) =>
      door.platform.tickets.askTicket(db, actor, kind, {
        title: "web1",
        reason: "An outage",
        body: { hosts: ["web1", "web2"], note: "hush" },
        reviewers: [bob.id, cleo.id],
        expiresAt: kind.owed ? null : new Date(Date.now() + 3_600_000),
        ...wish,
      }),
    );

  return {
    door,
    ended,
    kinds: { hosts, fixed, review },
    people: { admin, auditor, ann, bob, cleo, stranger },
    ask,
    /** As if nothing had been asked. */
    async clear(): Promise<void> {
      ended.length = 0;
      door.clock.aheadMs = 0;
      await sql`delete from ticket`.execute(door.db);
      await sql`update users set active = true, expires_at = null`.execute(door.db);
    },
  };
}

export const faultOf = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("It was let through")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error as Error)),
  );
