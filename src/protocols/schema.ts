import { z } from "zod";

/** Settings of an asset's SSH access. */
export const SshSettings = z.object({
  legacyAlgorithms: z.boolean().default(false).meta({
    title: "Legacy algorithms",
    description: "Also allow SHA-1, CBC and small groups, for a target that cannot be updated.",
  }),
});
export type SshSettings = z.output<typeof SshSettings>;
