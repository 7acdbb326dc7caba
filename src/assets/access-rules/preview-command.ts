import type { z } from "zod";
import { notFound } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { missing } from "./access-rule.store.ts";
import { commandJudge } from "./command-judging.ts";
import type { CommandPreview, previewCommand as endpoint } from "./schema.ts";

/** What would be decided about a line; what needs a reviewer is not allowed by itself. */
export async function previewCommand(
  db: Db,
  orgId: string,
  { line, ...subject }: z.output<typeof endpoint.input>,
): Promise<CommandPreview> {
  if ((await missing(db, orgId, "membership", [subject.userId])) > 0) throw notFound("user");
  const judge = await commandJudge(db, { orgId, ...subject });
  if (!judge) throw notFound("account");
  const { rule, found, refused } = judge(line);
  return {
    rule: rule && { id: rule.id, name: rule.name, action: rule.action },
    found,
    allowed: !refused && rule?.action !== "review",
  };
}
