import { spawn } from "node:child_process";
import { access, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { Fault } from "../../core/index.ts";
import { beginDevice, collectDevice } from "../../iam/schema.ts";
import { generateKeyPair, sshAgentAt } from "../../protocols/index.ts";
import { type Call, type Command, EXIT, textOf } from "../command.ts";
import { createGateClient, type GateClient, gateOrigin } from "../gate-client.ts";

type Confirmed = z.output<typeof collectDevice.output>;

export const login: Command = {
  name: "login",
  usage: "[--gate URL] [--out FILE] [--no-browser]",
  summary: "get an SSH certificate for a working day: type a code into the console, then use ssh as ever",
  details: [
    "--gate URL           the console's address (this machine's, unless another is given)",
    "--out FILE           write key and certificate to FILE and FILE-cert.pub instead of into the ssh-agent",
    "--no-browser         only print the address where the code is typed",
  ],
  options: { gate: { type: "string" }, out: { type: "string" }, "no-browser": { type: "boolean" } },
  operands: 0,
  async run(call) {
    const origin = gateOrigin(textOf(call, "gate") ?? call.config.publicUrl ?? ownConsole(call));
    const out = textOf(call, "out");
    const agent = out === undefined ? sshAgentAt(call.agentSocket ?? noAgent()) : null;
    await (out === undefined ? agent?.check() : mustBeFree(out));
    const key = generateKeyPair();
    const client = createGateClient(origin, call.signal);
    const asked = await client(beginDevice, { publicKey: key.publicKey.line, device: hostname().slice(0, 128) });
    tell(call, `${origin}${asked.path}`, asked.code);
    const got = await collect(client, asked, call.signal);
    const comment = `${got.loginName}@${new URL(origin).host}`;
    const seconds = (Date.parse(got.expiresAt) - Date.now()) / 1000;
    const identity = { privateKey: key.privateKey, certificate: got.certificate, comment, seconds };
    if (out === undefined) await agent?.add(identity);
    else await write(out, { ...identity, publicKey: key.publicKey.line });
    const until = new Date(got.expiresAt).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
    call.print(
      `Signed in as ${got.loginName} until ${until}. ${out === undefined ? "The key is in your ssh-agent." : ""}`.trim(),
    );
    if (out !== undefined) call.print(`Use it with: ssh -i ${out} …`);
    return EXIT.good;
  },
};

const noAgent = (): never => {
  throw new Fault(
    "unavailable",
    "There is no ssh-agent (SSH_AUTH_SOCK is not set). Start one: eval $(ssh-agent). Or write the key to a file: --out FILE",
  );
};

function ownConsole({ config: { listen, tls } }: Call): string {
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return `${tls.kind === "none" ? "http" : "https"}://${host}:${listen.port}`;
}

function tell(call: Call, address: string, code: string): void {
  call.remark(`Open this page of the console and type the code ${code} there:\n\n  ${address}\n`);
  if (call.values["no-browser"]) return;
  const opener = { darwin: "open", win32: "explorer" }[process.platform as string] ?? "xdg-open";
  // Where there is no browser, there is the printed address.
  spawn(opener, [address], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}

/** Asks until the person has confirmed; Fault when they refuse, or the code is too old. */
async function collect(
  client: GateClient,
  asked: { readonly token: string; readonly pollSeconds: number },
  signal: AbortSignal,
): Promise<Confirmed> {
  for (;;) {
    const found = await client(collectDevice, { token: asked.token }).catch(unlessWaiting);
    if (found) return found;
    await pause(Math.max(1, asked.pollSeconds) * 1000, undefined, { signal });
  }
}

function unlessWaiting(error: unknown): null {
  if (error instanceof Fault && error.code === "conflict" && error.details?.state === "waiting") return null;
  throw error;
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Only what was written by this command before is replaced: a key that has its certificate beside it. */
async function mustBeFree(file: string): Promise<void> {
  if ((await exists(file)) && !(await exists(`${file}-cert.pub`)))
    throw new Fault("invalid", `${file} is there already and holds something else. Name another file.`);
}

async function write(
  file: string,
  {
    privateKey,
    certificate,
    publicKey,
    comment,
  }: { privateKey: string; certificate: string; publicKey: string; comment: string },
): Promise<void> {
  const parts: [string, string, number][] = [
    [`${file}-cert.pub`, `${certificate} ${comment}\n`, 0o600],
    [`${file}.pub`, `${publicKey} ${comment}\n`, 0o600],
    [file, privateKey, 0o600],
  ];
  for (const [path, text, mode] of parts) {
    const draft = `${path}.part`;
    try {
      await rm(draft, { force: true });
      await writeFile(draft, text, { mode, flag: "wx" });
      await rename(draft, path);
    } catch (error) {
      const { code } = error as { code?: string };
      throw new Fault("unavailable", `${path} cannot be written${code ? `: ${code}` : ""}.`, undefined, error);
    }
  }
}
