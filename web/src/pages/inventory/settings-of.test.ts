import { expect, it } from "vitest";
import { z } from "zod";
import { settingsOf } from "./settings-of.ts";

it("reads what zod writes: switches, numbers with bounds, choices, texts; leaves out the rest", () => {
  const schema = z.object({
    legacy: z.boolean().default(false).meta({ title: "Legacy", description: "Old ones, too." }),
    keepAlive: z.number().int().min(5).max(600).default(30),
    mode: z.enum(["nla", "tls"]).default("nla"),
    domain: z.string().optional(),
    nested: z.object({ a: z.string() }).optional(),
  });
  const found = settingsOf(z.toJSONSchema(schema, { io: "input" }));
  expect(found.map(({ name, kind }) => [name, kind])).toEqual([
    ["legacy", "switch"],
    ["keepAlive", "number"],
    ["mode", "choice"],
    ["domain", "text"],
  ]);
  expect(found[0]).toMatchObject({ title: "Legacy", description: "Old ones, too.", initial: false });
  expect(found[1]).toMatchObject({ min: 5, max: 600, initial: 30 });
  expect(found[2]!.choices).toEqual(["nla", "tls"]);
});

it("gives nothing for what is no object schema", () => {
  expect(settingsOf(undefined)).toEqual([]);
  expect(settingsOf({ type: "string" })).toEqual([]);
});
