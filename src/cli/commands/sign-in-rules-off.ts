import { createAudit } from "../../audit/index.ts";
import { systemClock } from "../../core/index.ts";
import { createRuntime, type Database } from "../../db/index.ts";
import { switchOffSignInRules } from "../../iam/index.ts";
import { dataPaths } from "../../processes/data.ts";
import { type Call, type Command, EXIT } from "../command.ts";
import { withDatabase } from "../database.ts";

export const signInRulesOff: Command = {
  name: "sign-in-rules off",
  usage: "",
  summary: "switch off all sign-in rules, when they keep every administrator out",
  details: ["                     The rules stay and can be switched on again in the console. It is an audit event."],
  options: {},
  operands: 0,
  async run(call) {
    const names = await withDatabase(call, (database) => switchOff(call, database));
    call.print(names.length === 0 ? "No sign-in rule was on." : `Switched off: ${names.join(", ")}.`);
    return EXIT.good;
  },
};

function switchOff(call: Call, database: Database): Promise<string[]> {
  const checkpointFile = dataPaths(call.config.data).checkpoints;
  const audit = createAudit({ database, now: systemClock, signingKey: null, checkpointFile, log: () => {} });
  return switchOffSignInRules(createRuntime({ database, now: systemClock, record: audit.record }));
}
