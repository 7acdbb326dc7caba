// The relay of the SSH driver alone against OpenSSH: `node bench/ssh-relay.ts [--json] [--mb 500] [--no-hash] [--only down|up|true]`.
// Direct, through ProxyJump and through the gate are measured in turns, so that a busy machine hits all alike.
import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeKey, startSshd } from "../test/support/sshd.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    mb: { type: "string" },
    rounds: { type: "string" },
    "no-hash": { type: "boolean" },
    only: { type: "string" },
  },
});
const MB = Number(values.mb ?? 500);
const ROUNDS = Number(values.rounds ?? 3);
const GCM = ["-c", "aes128-gcm@openssh.com"];

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const key = makeKey("ed25519");
const keyFile = join(folder, "key");
writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
const sshd = await startSshd({ authorizedKeys: [key.publicLine], config: ["LogLevel ERROR"] });
const gate = fork(new URL("./ssh-relay-gate.ts", import.meta.url), { execArgv: [] });
gate.send({
  target: { host: sshd.host, port: sshd.port, username: sshd.username, fingerprint: sshd.fingerprint },
  privateKey: key.privateKey,
  hash: !values["no-hash"],
});
const gatePort = await new Promise<number>((resolve) =>
  gate.once("message", (message) => resolve((message as { port: number }).port)),
);

const common = [
  "-F",
  "none",
  "-i",
  keyFile,
  "-o",
  "IdentitiesOnly=yes",
  "-o",
  "StrictHostKeyChecking=no",
  "-o",
  "UserKnownHostsFile=/dev/null",
  "-o",
  "LogLevel=ERROR",
  "-T",
];
const jump = `ssh ${common.join(" ")} -p ${sshd.port} -W %h:%p root@127.0.0.1`;
const ways = {
  direct: [...common, "-p", String(sshd.port)],
  jump: [...common, "-p", String(sshd.port), "-o", `ProxyCommand=${jump}`],
  gate: [...common, "-p", String(gatePort)],
};
type Way = keyof typeof ways;

function seconds(way: Way, more: string[], command: string, input?: string): Promise<number> {
  const started = process.hrtime.bigint();
  const ssh = ["ssh", ...ways[way], ...more, "root@127.0.0.1", JSON.stringify(command)]
    .map((word) => (word.includes(" ") && !word.startsWith('"') ? `'${word}'` : word))
    .join(" ");
  const child = spawn("/bin/sh", ["-c", `${input ? `${input} | ` : ""}${ssh} > /dev/null`], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 120_000,
  });
  return new Promise((resolve, reject) =>
    child.once("close", (code) =>
      code === 0
        ? resolve(Number(process.hrtime.bigint() - started) / 1e9)
        : reject(new Error(`${way}: ended with ${code}`)),
    ),
  );
}

async function best(more: string[], command: string, input?: string): Promise<Record<Way, number>> {
  const times: Record<Way, number[]> = { direct: [], jump: [], gate: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of Object.keys(ways) as Way[]) times[way].push(await seconds(way, more, command, input));
  }
  return { direct: Math.min(...times.direct), jump: Math.min(...times.jump), gate: Math.min(...times.gate) };
}

interface Row {
  measure: string;
  value: number;
  unit: string;
  ratio: number;
  of: string;
  goal: string;
  pass: boolean;
}
const rows: Row[] = [];
const bytes = MB * 1024 * 1024;
const wants = (name: string) => !values.only || values.only === name;

async function bulk(name: string, more: string[], up: boolean, goal: number): Promise<void> {
  const t = up
    ? await best(more, "cat > /dev/null", `head -c ${bytes} /dev/zero`)
    : await best(more, `head -c ${bytes} /dev/zero`);
  const ratio = t.direct / t.gate;
  rows.push({
    measure: name,
    value: Math.round(MB / t.gate),
    unit: "MB/s",
    ratio,
    of: `direct ${Math.round(MB / t.direct)}`,
    goal: `>= ${goal}`,
    pass: ratio >= goal,
  });
  const over = t.jump / t.gate;
  rows.push({
    measure: name,
    value: Math.round(MB / t.gate),
    unit: "MB/s",
    ratio: over,
    of: `ProxyJump ${Math.round(MB / t.jump)}`,
    goal: ">= 1.3",
    pass: over >= 1.3,
  });
}

try {
  await seconds("gate", [], "true");
  if (wants("down")) {
    await bulk("bulk down, aes128-gcm", GCM, false, 0.7);
    await bulk("bulk down, default cipher", [], false, 0.65);
  }
  if (wants("up")) await bulk("bulk up, aes128-gcm", GCM, true, 0.65);
  if (wants("true")) {
    const times: Record<Way, number[]> = { direct: [], jump: [], gate: [] };
    for (let round = 0; round < 20; round += 1)
      for (const way of ["direct", "gate"] as const) times[way].push(await seconds(way, [], "true"));
    const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] ?? 0;
    const ratio = median(times.gate) / median(times.direct);
    rows.push({
      measure: "ssh host true, median",
      value: Math.round(median(times.gate) * 1000),
      unit: "ms",
      ratio,
      of: `direct ${Math.round(median(times.direct) * 1000)}`,
      goal: "<= 1.25",
      pass: ratio <= 1.25,
    });
  }
  gate.send("usage");
  const usage = await new Promise<{ usage: NodeJS.CpuUsage; memory: number }>((resolve) =>
    gate.once("message", (message) => resolve(message as never)),
  );
  if (values.json) console.log(JSON.stringify({ bench: "ssh-relay", rows }));
  else {
    for (const row of rows)
      console.log(
        `${row.measure.padEnd(28)} ${String(row.value).padStart(5)} ${row.unit.padEnd(5)} ${row.ratio.toFixed(2)} of ${row.of.padEnd(16)} goal ${row.goal.padEnd(8)} ${row.pass ? "ok" : "MISSED"}`,
      );
    console.log(
      `gate: user ${(usage.usage.user / 1e6).toFixed(1)} s, system ${(usage.usage.system / 1e6).toFixed(1)} s, ${Math.round(usage.memory / 1e6)} MB`,
    );
  }
} finally {
  gate.kill();
  await sshd.stop();
  rmSync(folder, { recursive: true, force: true });
}
