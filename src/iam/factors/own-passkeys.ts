import { notFound } from "../../core/index.ts";
import { page, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import type { Passkey } from "../schema.ts";
import { passkeysOf, renamePasskey } from "./passkey.store.ts";

type Row = Awaited<ReturnType<ReturnType<typeof passkeysOf>["execute"]>>[number];

const toPasskey = (row: Row): Passkey => ({
  id: row.id,
  name: row.name,
  host: row.host,
  alone: row.verifies_user,
  createdAt: row.created_at.toISOString(),
  usedAt: row.used_at?.toISOString() ?? null,
});

const list = serve(schema.listMyPasskeys, {
  access: "signed-in",
  async run({ db, actor }, { limit, cursor, search }) {
    let query = passkeysOf(db, actor.id ?? "");
    if (search) query = query.where((row) => row(row.fn<number>("strpos", ["name", row.val(search)]), ">", 0));
    const found = await page(query, { by: "passkey.created_at", id: "passkey.id", limit, cursor });
    return { items: found.items.map((row) => toPasskey(row)), next: found.next };
  },
});

const rename = serve(schema.renameMyPasskey, {
  access: "signed-in",
  async run({ db, actor, about }, { id, name }) {
    const row = await renamePasskey(db, actor.id ?? "", { id, name });
    if (!row) throw notFound("passkey");
    about({ kind: "passkey", id, name });
    return toPasskey(row);
  },
});

/** One's own passkeys beyond what every second factor has: setting up and removing are those of factors. */
export const ownPasskeyActions = () => [list, rename];
