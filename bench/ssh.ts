import { readdir, readFile } from "node:fs/promises";
import { connectSsh } from "../src/protocols/index.ts";
import type { Row, Rows } from "./report.ts";
import { median, quantile } from "./support/figures.ts";
import { ACCOUNT, ASSET, type BenchGate, startBenchGate, type Way } from "./support/gate.ts";
import { echoTimes, startBulk, timeSsh } from "./support/ssh-client.ts";

const MB = Number(process.env.BENCH_MB ?? 500);
const BYTES = MB * 1024 * 1024;
const ROUNDS = 5;
const TIMES = 20;
const STROKES = 500;
const ECHO_ROUNDS = 3;
const IDLE_SESSIONS = 300;
const GCM = ["-c", "aes128-gcm@openssh.com"];

/** Sallyport with recording on, beside OpenSSH direct and through ProxyJump, in turns on loopback. */
export async function bench(): Promise<Rows> {
  const gate = await startBenchGate();
  const only = process.env.BENCH_ONLY?.split(",") ?? ["bulk", "start", "echo", "memory"];
  const rows: Row[] = [];
  try {
    await timeSsh(gate.ways.gate, "true");
    if (only.includes("bulk")) rows.push(...(await bulkRows(gate)));
    if (only.includes("start")) rows.push(...(await startRows(gate)));
    if (only.includes("echo")) rows.push(...(await echoRows(gate)));
    if (only.includes("memory")) rows.push(...(await memoryRows(gate)));
    return rows;
  } finally {
    await gate.stop();
  }
}

const WAYS: readonly Way[] = ["direct", "jump", "gate"];

/** Each way in turn, several rounds: a busy moment of the machine hits all alike. */
async function inTurns(rounds: number, measure: (way: Way) => Promise<number>): Promise<Record<Way, number[]>> {
  const figures: Record<Way, number[]> = { direct: [], jump: [], gate: [] };
  for (let round = 0; round < rounds; round += 1) for (const way of WAYS) figures[way].push(await measure(way));
  return figures;
}

const info = (measure: string, value: number, unit: string): Row => ({
  measure,
  value,
  unit,
  ratio: null,
  of: null,
  goal: null,
  pass: null,
});

async function bulkRows({ ways }: BenchGate): Promise<Row[]> {
  const down = (cipher: readonly string[]) => (way: Way) =>
    timeSsh([...cipher, ...ways[way]], `head -c ${BYTES} /dev/zero`);
  const up = (way: Way) => timeSsh([...GCM, ...ways[way]], "cat > /dev/null", { from: `head -c ${BYTES} /dev/zero` });
  return [
    ...throughput("bulk down, aes128-gcm", await inTurns(ROUNDS, down(GCM)), 0.7, 1.3),
    ...throughput("bulk down, default cipher", await inTurns(ROUNDS, down([])), 0.65, null),
    ...throughput("bulk up, aes128-gcm", await inTurns(ROUNDS, up), 0.65, null),
  ];
}

/** The median of each round's own ratio: one lucky round of either way (direct alone varies by a half) decides nothing. */
function throughput(measure: string, seconds: Record<Way, number[]>, ofDirect: number, ofJump: number | null): Row[] {
  const rate = (way: Way): number => MB / median(seconds[way]);
  const row = (other: Way, goal: number | null): Row => {
    const ratio = median(seconds.gate.map((gate, round) => (seconds[other][round] ?? Number.NaN) / gate));
    return {
      measure,
      value: rate("gate"),
      unit: "MB/s",
      ratio,
      of: other === "jump" ? "ProxyJump" : "direct",
      goal: goal === null ? null : `at least ${goal}`,
      pass: goal === null ? null : ratio >= goal,
    };
  };
  return [info(`${measure}, direct`, rate("direct"), "MB/s"), row("direct", ofDirect), row("jump", ofJump)];
}

async function startRows({ ways }: BenchGate): Promise<Row[]> {
  const seconds = await inTurns(TIMES, (way) => timeSsh(ways[way], "true"));
  const at = (p: number, way: Way): number => quantile(seconds[way], p) * 1000;
  const row = (name: string, p: number, goal: number | null): Row => {
    const ratio = at(p, "gate") / at(p, "direct");
    return {
      measure: `ssh host true, ${name}`,
      value: at(p, "gate"),
      unit: "ms",
      ratio,
      of: "direct",
      goal: goal === null ? null : `at most ${goal}`,
      pass: goal === null ? null : ratio <= goal,
    };
  };
  return [
    info("ssh host true, direct, median", at(0.5, "direct"), "ms"),
    info("ssh host true, ProxyJump, median", at(0.5, "jump"), "ms"),
    row("median", 0.5, 1.25),
    row("p95", 0.95, null),
  ];
}

interface EchoRound {
  readonly direct: number[];
  readonly idle: number[];
  readonly beside: number[];
  readonly directBeside: number[];
}

async function echoRound({ ways }: BenchGate): Promise<EchoRound> {
  const direct = await echoTimes(ways.direct, STROKES);
  const idle = await echoTimes(ways.gate, STROKES);
  const bulk = await startBulk([...GCM, ...ways.gate]);
  const beside = await echoTimes(ways.gate, STROKES).finally(bulk.stop);
  const directBulk = await startBulk([...GCM, ...ways.direct]);
  const directBeside = await echoTimes(ways.direct, STROKES).finally(directBulk.stop);
  return { direct, idle, beside, directBeside };
}

/** The median over rounds of each round's own quantile and of its difference to direct in that round. */
async function echoRows(gate: BenchGate): Promise<Row[]> {
  const rounds: EchoRound[] = [];
  for (let round = 0; round < ECHO_ROUNDS; round += 1) rounds.push(await echoRound(gate));
  const at = (kind: keyof EchoRound, p: number): number => median(rounds.map((round) => quantile(round[kind], p)));
  const row = (name: string, kind: keyof EchoRound, p: number, goal: number): Row => {
    const more = median(rounds.map((round) => quantile(round[kind], p) - quantile(round.direct, p)));
    return {
      measure: `echo ${name}, p${p * 100}, beyond direct`,
      value: more,
      unit: "ms",
      ratio: at(kind, p) / at("direct", p),
      of: "direct",
      goal: `at most +${goal} ms`,
      pass: more <= goal,
    };
  };
  return [
    info("echo direct, p50", at("direct", 0.5), "ms"),
    info("echo direct, p99", at("direct", 0.99), "ms"),
    row("idle", "idle", 0.5, 0.3),
    row("idle", "idle", 0.99, 2),
    info("echo direct beside a direct bulk stream, p50", at("directBeside", 0.5), "ms"),
    info("echo direct beside a direct bulk stream, p99", at("directBeside", 0.99), "ms"),
    row("beside one bulk stream", "beside", 0.5, 0.5),
    row("beside one bulk stream", "beside", 0.99, 5),
  ];
}

async function memoryRows({ program, privateKey }: BenchGate): Promise<Row[]> {
  const before = await gatewayMemory(program.process.pid ?? 0);
  const open: { close(): void }[] = [];
  for (let opened = 0; opened < IDLE_SESSIONS; opened += 10) {
    open.push(...(await Promise.all(Array.from({ length: 10 }, () => openIdle(program.sshPort, privateKey)))));
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const after = await gatewayMemory(program.process.pid ?? 0);
  for (const connection of open) connection.close();
  const value = (after - before) / IDLE_SESSIONS;
  return [
    {
      measure: `memory per idle recorded session, of ${IDLE_SESSIONS}`,
      value,
      unit: "kB",
      ratio: null,
      of: null,
      goal: "at most 500",
      pass: value <= 500,
    },
  ];
}

async function openIdle(port: number, privateKey: string): Promise<{ close(): void }> {
  const connection = await connectSsh({
    host: "127.0.0.1",
    port,
    username: `admin@${ACCOUNT}@${ASSET}`,
    credential: { kind: "key", privateKey },
    hostKey: { verify: async () => true },
  });
  const session = await connection.openShell({ pty: { term: "xterm", cols: 80, rows: 24 } });
  session.listen({ data() {} });
  return connection;
}

/** kB that the gateway processes below the program keep resident. */
async function gatewayMemory(program: number): Promise<number> {
  let sum = 0;
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    const status = await read("status");
    if (!status.includes(`\nPPid:\t${program}\n`) || !(await read("cmdline")).includes("\0gateway")) continue;
    sum += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return sum;
}
