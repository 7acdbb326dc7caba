import { randomBytes } from "node:crypto";
import { createAudit } from "../../audit/index.ts";
import { systemClock } from "../../core/index.ts";
import { createRuntime, createSealer, type Database } from "../../db/index.ts";
import { resetFactorsOnMachine } from "../../iam/index.ts";
import { createPlatform } from "../../platform/index.ts";
import { dataPaths } from "../../processes/data.ts";
import { type Call, type Command, EXIT } from "../command.ts";
import { withDatabase } from "../database.ts";

export const userResetMfa: Command = {
  name: "user reset-mfa",
  usage: "NAME",
  summary: "take all second factors and recovery codes away from a user who lost them",
  details: [
    "NAME                 the login name; console sessions of the user end. For others there is the console:",
    "                     this is for the only administrator. It is an audit event.",
  ],
  options: {},
  operands: 1,
  async run(call) {
    const [loginName = ""] = call.operands;
    const removed = await withDatabase(call, (database) => reset(call, database, loginName));
    call.print(
      removed === 0
        ? `"${loginName}" had no second factor. Console sessions were ended.`
        : `The second factors of "${loginName}" were removed and console sessions ended. Where a second factor is forced, the next sign-in at the console sets up a new one.`,
    );
    return EXIT.good;
  },
};

function reset(call: Call, database: Database, loginName: string): Promise<number> {
  const audit = createAudit({
    database,
    now: systemClock,
    signingKey: null,
    checkpointFile: dataPaths(call.config.data).checkpoints,
    log: () => {},
  });
  const runtime = createRuntime({ database, now: systemClock, record: audit.record });
  // Nothing sealed is read or written, so that this works where the master key is not at hand.
  const sealer = createSealer({ masterKeys: { current: randomBytes(32) } });
  const platform = createPlatform({ database, runtime, sealer, settings: [], say: () => {} });
  return resetFactorsOnMachine({ runtime, sealer, platform }, loginName);
}
