import { join } from "node:path";
import {
  loadManifest,
  loadPublicKey,
  type Manifest,
  stores,
  unwrapDataKey,
  type VerifyResult,
  verifyRecording,
} from "../../audit/index.ts";
import { Fault } from "../../core/index.ts";
import { createSealer, loadMasterKey } from "../../db/index.ts";
import { dataPaths } from "../../processes/data.ts";
import { type Call, type Command, EXIT, textOf } from "../command.ts";

export const recordingVerify: Command = {
  name: "recording verify",
  usage: "ID [--public-key FILE] [--json]",
  summary: "prove that a session's recording is what was recorded, byte for byte",
  details: [
    "ID                   the session's id",
    "--public-key FILE    the key manifests are signed with (keys/audit.pub in the data directory)",
    "--json               print the result as one JSON object",
  ],
  options: { "public-key": { type: "string" }, json: { type: "boolean" } },
  operands: 1,
  async run(call) {
    const id = call.operands[0]!.toLowerCase();
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
      throw new Fault("invalid", `"${id}" is not a session's id.`);
    const paths = dataPaths(call.config.data);
    const publicKey = await loadPublicKey(textOf(call, "public-key") ?? join(paths.keys, "audit.pub"));
    const store = stores.get("disk").create({ directory: paths.recordings });
    const manifest = await loadManifest({ store, id, publicKey }).catch((error) => {
      if (error instanceof Fault && error.code === "not_found") throw notSealed(id, paths.recordings);
      if (error instanceof Fault && error.code === "conflict") return null;
      throw error;
    });
    const dataKey = manifest && (await openKey(call, manifest));
    const result = await verifyRecording({ store, id, publicKey, dataKey: dataKey ?? undefined, signal: call.signal });
    if (call.values.json)
      call.print(JSON.stringify({ good: result.findings.length === 0, opened: dataKey !== null, ...result }));
    else for (const line of report(id, result, dataKey !== null)) call.print(line);
    return result.findings.length === 0 ? EXIT.good : EXIT.bad;
  },
};

const notSealed = (id: string, directory: string): Fault =>
  new Fault(
    "not_found",
    `There is no sealed recording ${id} in ${directory}. A session's recording is sealed after its end.`,
  );

/** The recording's data key; null, with a remark, where the master key is not at hand. */
async function openKey(call: Call, manifest: Manifest): Promise<Uint8Array | null> {
  const { masterKey, masterKeyFile } = call.config;
  try {
    const current = await loadMasterKey(masterKey === null ? { file: masterKeyFile } : { value: masterKey });
    const sealer = createSealer({ masterKeys: { current } });
    return await unwrapDataKey(manifest, (key, context) => sealer.open(key, context));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    call.remark(`The contents are not decrypted, only hashes and signature are checked: ${error.message}`);
    return null;
  }
}

function report(id: string, { manifest, findings }: VerifyResult, opened: boolean): string[] {
  const lines = [`Recording ${id} is ${findings.length === 0 ? "good" : "NOT good"}.`];
  for (const { message } of findings.slice(0, 20)) lines.push(`  ${message}`);
  if (findings.length > 20) lines.push(`  and ${findings.length - 20} more findings`);
  if (!manifest) return lines;
  const seconds = (manifest.duration / 1_000_000).toFixed(1);
  lines.push(
    `${manifest.chunks} chunks in ${manifest.segments.length} segments, ${seconds} s from ${manifest.header.startedAt}.`,
  );
  lines.push(manifest.state === "complete" ? "It is complete." : `It is cut: ${manifest.cut}.`);
  lines.push(opened ? "Contents and inner chain were checked too." : "The contents were not decrypted.");
  return lines;
}
