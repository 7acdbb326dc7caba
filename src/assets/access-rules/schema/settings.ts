import { z } from "zod";
import { Id, plain } from "../../../core/fields.ts";
import { Network } from "../../../core/selector.ts";
import { WeeklyTimes } from "../../../core/weekly-times.ts";

/** Ways to connect that there are. */
export const CONNECT_METHODS = ["web-terminal", "ssh-client"] as const;

/** From where and when; without either it holds always. */
export const ConnectSettings = z.object({
  addresses: z.array(Network).max(200).default([]).describe("Addresses and networks of the person; none: any"),
  times: WeeklyTimes.nullable().default(null).describe("Times of the week; none: always"),
});

export const ConnectMethodSettings = z.object({
  methods: z.array(z.enum(CONNECT_METHODS)).min(1, "Choose at least one.").max(10).describe("Ways to connect"),
});

export const CommandSettings = z.object({
  groupIds: z.array(Id).min(1, "Choose at least one.").max(50).describe("Command groups"),
});

const Mask = plain(z.string().min(1).max(32));
export const DataMaskingSettings = z.object({
  columns: z
    .array(plain(z.string().trim().min(1).max(128)))
    .min(1, "Give at least one.")
    .max(200)
    .describe("Names of columns, with * for any text"),
  how: z.enum(["whole", "middle", "keep-start", "keep-end"]).default("whole").describe("What of a value is masked"),
  mask: Mask.default("######").describe("What is shown in its place"),
});

const Most = z.number().int().min(0).max(1_000_000_000).default(0);
export const ClipboardSettings = z.object({
  operations: z
    .array(z.enum(["copy", "paste"]))
    .min(1, "Choose at least one.")
    .max(2)
    .describe("Copying, pasting"),
  copyCharacters: Most.describe("Characters that may be copied at once; 0: any number"),
  pasteCharacters: Most.describe("Characters that may be pasted at once; 0: any number"),
});
