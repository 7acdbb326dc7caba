import { z } from "zod";
import { endpoint, plain, run, type Runtime, systemActor } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import * as schema from "./schema.ts";

const onMachine = endpoint({
  route: "POST /cli/sign-in-rules/off",
  name: schema.updateSignInRule.name,
  scope: "system",
  title: "Switch off all sign-in rules, on the machine",
  input: z.object({}),
  output: z.object({ names: z.array(plain(z.string())) }),
});

const switchOff = serve(onMachine, {
  access: "granted",
  async run({ db, now, note }) {
    const rows = await db
      .updateTable("sign_in_rule")
      .set((row) => ({ active: false, version: row("version", "+", 1), updated_at: now }))
      .where("active", "=", true)
      .returning("name")
      .execute();
    const names = rows.map(({ name }) => name).sort();
    note({ onMachine: true, switchedOff: names });
    return { names };
  },
});

/** Switches off every sign-in rule, on the machine, for whoever locked everybody out; the names of those that were on. */
export const switchOffSignInRules = async (runtime: Runtime<Db>): Promise<string[]> =>
  (await run(runtime, switchOff, { ...systemActor(null), via: "cli" }, {})).names;
