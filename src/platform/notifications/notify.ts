import type { z } from "zod";
import { newId } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import { insertNotification } from "./outbox.store.ts";
import { apart, type MailTemplate } from "./template.ts";

const PATIENCE_MS = 24 * 3_600_000;

/** A message that is owed. */
export interface Notice<S extends z.ZodObject> {
  /** A user, whose address and language are looked up when it is sent; or an address, for who is no user (yet). */
  readonly to: { readonly userId: string } | { readonly address: string };
  /** The organization whose trail tells when it could not be sent. */
  readonly orgId: string | null;
  readonly template: MailTemplate<S>;
  readonly values: z.input<S>;
  /** After that it is of no use: a link that has expired. At most, and by default, 24 hours from now. */
  readonly until?: Date;
}

/** What a notification's sealed values are bound to. */
export const sealedContext = (id: string): string => `notification.values:${id}`;

export function createNotify({ sealer, now }: { sealer: Sealer; now: () => Date }) {
  /** Writes a message into the outbox, in the transaction of `db`: it leaves after the commit, at least once, or not at all. */
  return async function notify<S extends z.ZodObject>(db: Db, notice: Notice<S>): Promise<void> {
    const { to, orgId, template, values, until } = notice;
    const id = newId();
    const { open, secret } = apart(template, template.values.parse(values));
    const latest = now().getTime() + PATIENCE_MS;
    await insertNotification(db, {
      id,
      orgId,
      userId: "userId" in to ? to.userId : null,
      address: "address" in to ? to.address : null,
      channel: "mail",
      template: template.key,
      content: open,
      sealed: Object.keys(secret).length === 0 ? null : sealer.seal(JSON.stringify(secret), sealedContext(id)),
      giveUpAt: new Date(Math.min(until?.getTime() ?? latest, latest)),
    });
  };
}
