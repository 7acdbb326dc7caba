import { z } from "zod";
import { Fault, plain } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { mailTemplate, type Platform } from "../../platform/index.ts";
import { breakGlassKind, grantName } from "./access.ts";
import { matchRule } from "./match.ts";
import type { Asker } from "./match.store.ts";
import {
  administratorsOf,
  insertRequestedGrant,
  lastRejection,
  lockAsker,
  namesOfWaitedFor,
  waitingTickets,
} from "./request.store.ts";
import { askerOf, minuteOf, titleOf, tooLong } from "./request.ts";
import * as schema from "./schema.ts";
import { requestSettings } from "./settings.ts";

const MOST_TOLD = 200;
const MOST_UNDECIDED = 3;
const Line = plain(z.string().max(2100));

/** Tells the administrators that somebody broke glass. */
export const breakGlassMail = mailTemplate({
  key: "break-glass",
  values: z.object({ title: Line, person: Line, reason: Line, accounts: Line, until: Line, address: Line }),
  render({ title, person, reason, accounts, until, address }, language) {
    if (language === "zh") {
      return {
        subject: `紧急访问：${person}`,
        paragraphs: [
          `${person}（来自 ${address}）启用了紧急访问：${title}，账号 ${accounts}，至 ${until}。`,
          `理由：${reason}`,
          "如非紧急情况，请立即停用该授权规则；事后须有审批人复核。",
        ],
      };
    }
    return {
      subject: `Glass was broken: ${person}`,
      paragraphs: [
        `${person} (from ${address}) broke glass: ${title}, with the accounts ${accounts}, until ${until}.`,
        `Reason: ${reason}`,
        "If this is no emergency, switch the permission rule off at once. A reviewer has to decide about it afterwards.",
      ],
    };
  },
});

type Deps = Pick<Platform, "settings" | "tickets" | "notify" | "mailIsConfigured">;

/** Reviewers are told by their ticket; the administrators by this. */
async function tellAdministrators(
  platform: Deps,
  db: Db,
  about: { orgId: string; except: readonly string[]; values: z.input<typeof breakGlassMail.values> },
): Promise<number> {
  if (!(await platform.mailIsConfigured(db))) return 0;
  const all = await administratorsOf(db, about.orgId, MOST_TOLD);
  const told = all.filter((id) => !about.except.includes(id));
  for (const userId of told) {
    const { orgId, values } = about;
    await platform.notify(db, { to: { userId }, orgId, template: breakGlassMail, values });
  }
  return told.length;
}

/** Faults while reviews of earlier times are overdue or too many, or while the last one that was decided was rejected. */
async function mustBeDecided(
  db: Db,
  { orgId, userId }: Asker,
  { reviewHours, now }: { readonly reviewHours: number; readonly now: Date },
): Promise<void> {
  const of = { orgId, userId, kind: breakGlassKind.key };
  const rejected = await lastRejection(db, of);
  const barredUntil = new Date((rejected?.at.getTime() ?? 0) + reviewHours * 3_600_000);
  if (rejected && now < barredUntil) {
    throw new Fault(
      "denied",
      `${rejected.by} rejected the last time that you broke glass. You can again from ${minuteOf(barredUntil)} on; until then, ask for access.`,
    );
  }
  const owed = await waitingTickets(db, { ...of, hours: reviewHours, now });
  if (owed.overdue === 0 && owed.waiting < MOST_UNDECIDED) return;
  const names = (await namesOfWaitedFor(db, of)).join(", ") || "an administrator";
  if (owed.overdue > 0) {
    throw new Fault(
      "denied",
      `The review of an earlier time that you broke glass is overdue. Ask its reviewers to decide first: ${names}.`,
    );
  }
  throw new Fault(
    "denied",
    `${owed.waiting} reviews of your broken glass wait already. Ask their reviewers to decide first: ${names}.`,
  );
}

/** Opens something at once for a member of a marked group: a short rule, mails to everyone concerned, a review that is owed. */
export const breakGlassAction = (platform: Deps) =>
  serve(schema.breakGlass, {
    access: "signed-in",
    async run({ db, actor, now, about, note }, input) {
      if (actor.apiKey) throw new Fault("denied", "Glass is broken by people who are signed in, not with API keys.");
      const asker = askerOf(actor, true);
      const { breakGlassMinutes, reviewHours } = await platform.settings.read(requestSettings, asker.orgId, db);
      await lockAsker(db, asker.orgId, asker.userId);
      await mustBeDecided(db, asker, { reviewHours, now });
      const { rule, assets, nodes, reviewers } = await matchRule(db, asker, input);
      const longest = Math.min(rule.longestMinutes, breakGlassMinutes);
      if (input.minutes > longest) throw tooLong(longest);
      const body = {
        rule: { id: rule.id, name: rule.name },
        assets: [...assets],
        nodes: [...nodes],
        accounts: [...new Set(input.accounts)],
        actions: [...new Set(input.actions)],
        startsAt: now.toISOString(),
        minutes: input.minutes,
      };
      const title = titleOf("Break-glass", body);
      const { reason } = input;
      const asked = await platform.tickets.askTicket(db, actor, breakGlassKind, {
        title,
        reason,
        body,
        reviewers,
        expiresAt: null,
      });
      const expiresAt = new Date(now.getTime() + input.minutes * 60_000);
      const grantId = await insertRequestedGrant(db, {
        orgId: asker.orgId,
        ticketId: asked.id,
        name: grantName("Break-glass", actor.name, asked.id),
        comment: reason,
        userId: asker.userId,
        body,
        startsAt: now,
        expiresAt,
      });
      if (!grantId) throw new Fault("conflict", "What you asked for was removed at this moment.");
      about({ kind: "ticket", id: asked.id, name: title });
      const told = await tellAdministrators(platform, db, {
        orgId: asker.orgId,
        except: [asker.userId, ...asked.reviewers.map(({ id }) => id)],
        values: {
          title,
          person: actor.name,
          reason,
          accounts: body.accounts.join(", ").slice(0, 2000),
          until: minuteOf(expiresAt),
          address: actor.address ?? "?",
        },
      });
      note({ rule: rule.name, grantId, expiresAt: expiresAt.toISOString(), administratorsTold: told });
      return { id: asked.id, expiresAt: expiresAt.toISOString(), reviewers: [...asked.reviewers] };
    },
  });
