import { join } from "node:path";
import {
  loadPublicKey,
  type Problem,
  readCheckpointFile,
  readExport,
  type RecordingsVerdict,
  stores,
  type TrailItem,
  type Verdict,
  verifyAnchors,
  verifyTrail,
  watchAnchors,
  withTrail,
} from "../../audit/index.ts";
import { Fault } from "../../core/index.ts";
import { dataPaths } from "../../processes/data.ts";
import { type Call, type Command, EXIT, textOf } from "../command.ts";
import { withDatabase } from "../database.ts";

export const auditVerify: Command = {
  name: "audit verify",
  usage: "[--file EXPORT --public-key FILE] [--checkpoints FILE] [--recordings] [--json]",
  summary: "prove that no audit event was changed, removed or put in",
  details: [
    "--file EXPORT        check an exported trail; needs no database",
    "--public-key FILE    the key checkpoints are signed with (keys/audit.pub in the data directory)",
    "--checkpoints FILE   the copy of the checkpoints kept outside the database",
    "                     (audit-checkpoints.jsonl in the data directory; not used with --file unless named)",
    "--recordings         compare the stored recordings with what the trail says was sealed",
    "--json               print the result as one JSON object",
  ],
  options: {
    file: { type: "string" },
    "public-key": { type: "string" },
    checkpoints: { type: "string" },
    recordings: { type: "boolean" },
    json: { type: "boolean" },
  },
  operands: 0,
  async run(call) {
    const verdict = await verify(call);
    if (call.values.json) call.print(JSON.stringify(verdict));
    else for (const line of report(verdict)) call.print(line);
    return verdict.good && verdict.recordings?.good !== false ? EXIT.good : EXIT.bad;
  },
};

type Result = Verdict & { readonly recordings?: RecordingsVerdict };

async function verify(call: Call): Promise<Result> {
  const paths = dataPaths(call.config.data);
  const file = textOf(call, "file");
  const publicKey = await loadPublicKey(textOf(call, "public-key") ?? join(paths.keys, "audit.pub"));
  const named = textOf(call, "checkpoints");
  const checkpoints = named ?? (file === undefined ? paths.checkpoints : undefined);
  const expected = checkpoints === undefined ? null : await readCheckpointFile(checkpoints);
  if (named !== undefined && !expected) throw new Fault("unavailable", `There is no checkpoint file ${named}.`);
  if (file === undefined && !expected)
    call.remark("There is no checkpoint file: a chain cut at its end would go unnoticed.");
  const options = { publicKey, expected };
  const prove = async (items: AsyncIterable<TrailItem>): Promise<Result> => {
    if (!call.values.recordings) return verifyTrail(items, options);
    const now = new Date();
    const watched = watchAnchors(items);
    const verdict = await verifyTrail(watched.items, options);
    const store = stores.get("disk").create({ directory: paths.recordings });
    return { ...verdict, recordings: await verifyAnchors({ anchors: watched.anchors, store, publicKey, now }) };
  };
  if (file !== undefined) return prove(readExport(file));
  return withDatabase(call, (database) => withTrail(database, prove));
}

function report(verdict: Result): string[] {
  const lines = [verdict.good ? "The audit trail is good." : "The audit trail is NOT good."];
  for (const problem of verdict.problems) lines.push(`  ${placeOf(problem)}: ${problem.what}`);
  const more = verdict.problemCount - verdict.problems.length;
  if (more > 0) lines.push(`  and ${count(more, "more problem")}`);
  const newest = verdict.newestCheckpoint;
  lines.push(`${count(verdict.sealed, "event")} in the chain, ${count(verdict.checkpoints, "signed checkpoint")}.`);
  if (newest) lines.push(`Newest checkpoint: position ${newest.position}, ${newest.at}, hash ${newest.hash}.`);
  if (verdict.compared !== null) lines.push(`${count(verdict.compared, "checkpoint")} of the local file compared.`);
  const oldest = verdict.oldestUnsealed ? `, the oldest of ${verdict.oldestUnsealed}` : "";
  lines.push(`${count(verdict.unsealed, "event")} of the newest not sealed yet${oldest}.`);
  return verdict.recordings ? [...lines, ...reportRecordings(verdict.recordings)] : lines;
}

function reportRecordings({ good, compared, problems, problemCount }: RecordingsVerdict): string[] {
  const lines = [`${count(compared, "recording")} compared with the store: ${good ? "good" : "NOT good"}.`];
  for (const { recording, what } of problems) lines.push(`  recording ${recording}: ${what}`);
  if (problemCount > problems.length) lines.push(`  and ${count(problemCount - problems.length, "more problem")}`);
  return lines;
}

function placeOf({ position, eventId, at, action }: Problem): string {
  const parts = [position === null ? null : `position ${position}`, eventId && `event ${eventId}`, at, action];
  return parts.filter((part) => part !== null && part !== "").join(", ") || "trail";
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
