import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccount, createAsset, createGrant } from "../../src/assets/schema.ts";
import { addMySshKey, readMe } from "../../src/iam/schema.ts";
import { startTestProgram, type TestProgram } from "../../test/support/program.ts";
import { makeKey, type Sshd, startSshd } from "../../test/support/sshd.ts";

/** The whole program in front of an OpenSSH server, and the arguments of `ssh` for each way to it. */
export interface BenchGate {
  readonly program: TestProgram;
  readonly sshd: Sshd;
  /** The person's private key; it opens the gate and, for the direct ways, the target. */
  readonly privateKey: string;
  readonly ways: Readonly<Record<Way, readonly string[]>>;
  stop(): Promise<void>;
}

/** direct: straight to the target. jump: through another OpenSSH server. gate: through Sallyport, recorded. */
export type Way = "direct" | "jump" | "gate";

export const ACCOUNT = "root";
export const ASSET = "target";

export async function startBenchGate(): Promise<BenchGate> {
  const folder = mkdtempSync(join(tmpdir(), "bench-ssh-"));
  const key = makeKey("ed25519");
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
  const sshd = await startSshd({ authorizedKeys: [key.publicLine], config: ["LogLevel ERROR"] });
  const program = await startTestProgram();
  await grantAccess(program, sshd, key);
  const common =
    `-F none -i ${keyFile} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`.split(
      " ",
    );
  const target = ["-p", String(sshd.port), `${sshd.username}@127.0.0.1`];
  const jump = ["ssh", ...common, "-W", "%h:%p", ...target].join(" ");
  return {
    program,
    sshd,
    privateKey: key.privateKey,
    ways: {
      direct: [...common, ...target],
      jump: [...common, "-o", `ProxyCommand=${jump}`, ...target],
      gate: [...common, "-p", String(program.sshPort), `admin@${ACCOUNT}@${ASSET}@127.0.0.1`],
    },
    async stop() {
      await program.stop();
      await sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function grantAccess(
  program: TestProgram,
  sshd: Sshd,
  key: { privateKey: string; publicLine: string },
): Promise<void> {
  const admin = await program.setUp();
  await admin.call(addMySshKey, { name: "bench", publicKey: key.publicLine });
  const asset = await admin.call(createAsset, {
    name: ASSET,
    host: sshd.host,
    protocols: [{ kind: "ssh", port: sshd.port, settings: {} }],
  });
  const secret = { kind: "key" as const, value: key.privateKey };
  await admin.call(createAccount, { assetId: asset.id, name: ACCOUNT, username: sshd.username, secret });
  const me = await admin.call(readMe, {});
  await admin.call(createGrant, {
    name: "bench",
    userIds: [me.id],
    assetIds: [asset.id],
    accounts: { all: true },
    protocols: { all: true },
  });
}
