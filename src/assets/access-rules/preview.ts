import type { z } from "zod";
import { notFound } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { missing, subjectFacts } from "./access-rule.store.ts";
import { judgeConnections, refusalOf, warningsOf } from "./connecting.ts";
import type { AccessAction, AccessPreview, previewAccess } from "./schema.ts";

/** What would be decided, and how every rule stands to it. Whether a permission rule lets the person in is not asked. */
export async function preview(
  db: Db,
  orgId: string,
  { at, address, ...asked }: z.output<typeof previewAccess.input>,
  now: Date,
): Promise<AccessPreview> {
  if ((await missing(db, orgId, "membership", [asked.userId])) > 0) throw notFound("user");
  const [there] = await subjectFacts(db, [{ orgId, ...asked }]);
  if (!there) throw notFound("account");
  const moment = at ? new Date(at) : now;
  const [verdict] = await judgeConnections(db, [{ orgId, address: address ?? null, ...asked }], moment);
  if (!verdict) throw notFound("account");
  const refusal = refusalOf(verdict);
  return {
    allowed: refusal === null,
    message: refusal ?? (warningsOf(verdict).join("\n") || null),
    nextChange: verdict.nextChange === null ? null : new Date(verdict.nextChange).toISOString(),
    rules: verdict.standings.map(({ row, standing }) => ({
      id: row.id,
      name: row.name,
      kind: row.kind,
      priority: row.priority,
      action: row.action as AccessAction,
      standing,
    })),
  };
}
