import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { Id, Name } from "../../core/fields.ts";

/** What a person notes for themselves about an asset; nobody else sees it. */
export const Mark = z.object({
  favourite: z.boolean(),
  /** What the person calls it; null: as everybody does. */
  ownName: Name.nullable(),
});
export type Mark = z.output<typeof Mark>;

export const markAsset = endpoint({
  route: "PATCH /me/assets/:id/mark",
  name: "me.asset.mark",
  title: "Mark an asset as a favourite, or give it a name of one's own",
  input: Mark.partial().extend({ id: Id }),
  output: Mark,
});
