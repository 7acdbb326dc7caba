import { execFileSync } from "node:child_process";
import { generateKeyPairSync, sign as signWith } from "node:crypto";
import { connect } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSealer } from "../../src/db/index.ts";
import {
  beginDevice,
  collectDevice,
  confirmDevice,
  endAllMySignInSessions,
  listMySshCertificates,
  makeSshAuthority,
  readSshAuthority,
  refuseDevice,
  revokeMySshCertificate,
  revokeUserSshCertificate,
  updateUser,
} from "../../src/iam/schema.ts";
import { readOrganizationSettings, updateOrganizationSettings } from "../../src/platform/schema.ts";
import { clientOffer } from "../../src/protocols/ssh/algorithms.ts";
import { parsePrivateKey } from "../../src/protocols/index.ts";
import { createTransport, KEEPALIVE } from "../../src/protocols/ssh/transport.ts";
import type { ParsedKey } from "../../src/protocols/ssh/wire.ts";
import type { Client } from "../support/program.ts";
import { makeKey, startSshd } from "../support/sshd.ts";
import { direct, paramiko, ssh, start } from "./clients.ts";
import { endOf, type Person, sessionOf, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
let client: Client;
/** File of the authority's private key, as only its organization's sealed row holds it. */
let authority: string;
let count = 0;
const COMMAND = "echo I am $(id -un)";
const IN = { code: 0, out: Buffer.from("I am root\n") };
const OUT = { code: 255 };

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  person = await stage.person();
  await stage.allow(person, target);
  client = await stage.program.signIn(person.loginName, person.password);
  await stage.admin.call(makeSshAuthority, {});
  const [row] = await stage.query("select org_id, private_key from ssh_authority");
  const sealer = createSealer({ masterKeys: { current: Buffer.from(process.env.SALLYPORT_MASTER_KEY!, "base64") } });
  authority = place(sealer.open(row!.private_key as Buffer, `ssh_authority:${String(row!.org_id)}`).toString());
}, 60_000);
afterAll(() => stage?.close(), 30_000);

function place(text: string): string {
  const file = join(stage.folder, `file-${++count}`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

interface Pair {
  readonly keyFile: string;
  readonly certificate: string;
}

/** A key and a certificate of ssh-keygen for it. */
function certified(
  options: { ca?: string; type?: "ed25519" | "ecdsa" | "rsa"; args?: readonly string[]; names?: string } = {},
): Pair {
  const { ca = authority, type = "ed25519", args = ["-V", "-1m:+1h"], names = person.loginName } = options;
  const key = makeKey(type, type === "rsa" ? { bits: 2048 } : {});
  const keyFile = place(key.privateKey);
  writeFileSync(`${keyFile}.pub`, `${key.publicLine}\n`);
  execFileSync(
    "ssh-keygen",
    ["-q", "-s", ca, "-I", "test", ...(names ? ["-n", names] : []), ...args, `${keyFile}.pub`],
    { stdio: "pipe" },
  );
  return { keyFile, certificate: `${keyFile}-cert.pub` };
}

/** OpenSSH with a certificate and its key. */
const enter = (pair: Pair, who = person, command: readonly string[] = [COMMAND]) =>
  ssh(stage, { ...who, keyFile: pair.keyFile }, direct(who, target), command, {
    options: [`-oCertificateFile=${pair.certificate}`],
  });

/** What `sallyport login` does, with a key of the test. */
async function issued(who: Client = client, device = "a laptop"): Promise<Pair & { serial: string }> {
  const key = makeKey("ed25519");
  const keyFile = place(key.privateKey);
  const { code, token } = await stage.program.anonymous().call(beginDevice, { publicKey: key.publicLine, device });
  await who.call(confirmDevice, { code });
  const got = await stage.program.anonymous().call(collectDevice, { token });
  const { items } = await who.call(listMySshCertificates, {});
  const { serial } = items.find(({ fingerprint }) => fingerprint === key.fingerprint)!;
  return { keyFile, certificate: place(`${got.certificate}\n`), serial };
}

describe("a certificate of the gate", () => {
  it("lets OpenSSH in, and is listed with its use", async () => {
    const pair = await issued();
    expect(execFileSync("ssh-keygen", ["-L", "-f", pair.certificate], { encoding: "utf8" })).toContain(
      person.loginName,
    );
    expect(await enter(pair).done).toMatchObject(IN);
    const { items } = await client.call(listMySshCertificates, {});
    expect(items.find(({ serial }) => serial === pair.serial)).toMatchObject({
      device: "a laptop",
      proofs: ["password"],
      state: "valid",
      usedAt: expect.any(String),
    });
  });

  it("lets OpenSSH in from its agent", async () => {
    const pair = await issued();
    writeFileSync(`${pair.keyFile}-cert.pub`, readFileSync(pair.certificate));
    const socket = join(stage.folder, "agent.sock");
    const agent = start("/usr/bin/ssh-agent", ["-D", "-a", socket]);
    try {
      await expect.poll(() => execFileSync("ls", [stage.folder], { encoding: "utf8" })).toContain("agent.sock");
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      execFileSync("ssh-add", ["-q", pair.keyFile], { env, stdio: "pipe" });
      const args = ["-F", "none", `-p${stage.program.sshPort}`, `-l${direct(person, target)}`];
      args.push(
        `-oUserKnownHostsFile=${stage.knownHosts}`,
        "-oPreferredAuthentications=publickey",
        "127.0.0.1",
        COMMAND,
      );
      expect(await start("/usr/bin/ssh", args, { SSH_AUTH_SOCK: socket }).done).toMatchObject(IN);
    } finally {
      agent.child.kill();
    }
  });

  it("lets paramiko in", async () => {
    const pair = await issued();
    const { keyFile, certificate } = pair;
    const answer = await paramiko(stage, { user: direct(person, target), keyFile, certificate, command: COMMAND });
    expect(answer).toMatchObject({ code: 0, out: IN.out.toString("base64") });
  });

  it("is refused once it is revoked, by its owner or an administrator, and what it opened ends", async () => {
    for (const revoke of [
      (serial: string) =>
        client.call(listMySshCertificates, {}).then(({ items }) =>
          client.call(revokeMySshCertificate, {
            serial,
            organizationId: items.find((one) => one.serial === serial)!.organization.id,
          }),
        ),
      (serial: string) => stage.admin.call(revokeUserSshCertificate, { id: person.id, serial }),
    ]) {
      const pair = await issued();
      const running = enter(pair, person, ["echo begun; sleep 50"]);
      await running.shows(/begun/);
      const { id } = await sessionOf(stage, person);
      await revoke(pair.serial);
      expect(await endOf(stage, id, 5000)).toMatchObject({ endReason: "revoked" });
      expect(await running.done).toMatchObject(OUT);
      expect(await enter(pair).done).toMatchObject(OUT);
    }
  });

  it("is refused when its row is gone, and is nobody else's", async () => {
    const pair = await issued();
    const other = await stage.person();
    await stage.allow(other, target);
    expect(await enter(pair, other).done).toMatchObject(OUT);
    await stage.query("update ssh_certificate set user_id = $1 where serial = $2", [other.id, pair.serial]);
    expect(await enter(pair).done).toMatchObject(OUT);
    await stage.query("delete from ssh_certificate where serial = $1", [pair.serial]);
    expect(await enter(pair).done).toMatchObject(OUT);
  });

  it("ends with everything else when its owner signs out everywhere, and live SSH with it", async () => {
    const somebody = await stage.person();
    await stage.allow(somebody, target);
    const theirs = await stage.program.signIn(somebody.loginName, somebody.password);
    const pair = await issued(theirs);
    const running = [
      enter(pair, somebody, ["echo begun; sleep 50"]),
      ssh(stage, somebody, direct(somebody, target), ["echo begun; sleep 50"]),
    ];
    await Promise.all(running.map((one) => one.shows(/begun/)));
    await theirs.call(endAllMySignInSessions, { keepThis: true });
    for (const one of running) expect(await one.done).toMatchObject(OUT);
    expect(await enter(pair, somebody).done).toMatchObject(OUT);
    expect(await ssh(stage, somebody, direct(somebody, target), [COMMAND]).done).toMatchObject(IN);
    expect((await issued(theirs)).serial).toMatch(/^\d+$/);
  });

  it("is refused while its owner is disabled", async () => {
    const somebody = await stage.person();
    await stage.allow(somebody, target);
    const pair = await issued(await stage.program.signIn(somebody.loginName, somebody.password));
    await stage.admin.call(updateUser, { id: somebody.id, version: somebody.user.version, active: false });
    expect(await enter(pair, somebody).done).toMatchObject(OUT);
  });
});

describe("a certificate that counts only from the address that asked", () => {
  const set = async (certificatesOnlyFromAddress: boolean): Promise<void> => {
    const { version } = await stage.admin.call(readOrganizationSettings, { key: "tokens" });
    const values = { certificatesOnlyFromAddress };
    await stage.admin.call(updateOrganizationSettings, { key: "tokens", version, values, reset: [] });
  };

  it("lets in from there and from nowhere else, at the gate and at an OpenSSH server that trusts the authority", async () => {
    await set(true);
    const pair = await issued();
    await set(false);
    const free = await issued();
    const told = execFileSync("ssh-keygen", ["-L", "-f", pair.certificate], { encoding: "utf8" });
    expect(told).toMatch(/source-address 127\.0\.0\.1\/32\n/);
    const from = (address: string, { keyFile, certificate }: Pair) =>
      ssh(stage, { ...person, keyFile }, direct(person, target), [COMMAND], {
        options: [`-oCertificateFile=${certificate}`, `-oBindAddress=${address}`],
      }).done;
    expect(await from("127.0.0.1", pair)).toMatchObject(IN);
    expect(await from("127.0.0.2", pair)).toMatchObject({ ...OUT, err: expect.stringContaining("Permission denied") });
    expect(await from("127.0.0.2", free)).toMatchObject(IN);

    const { authority: known } = await stage.admin.call(readSshAuthority, {});
    const config = [`TrustedUserCAKeys ${place(`${known!.publicKey}\n`)}`];
    config.push(`AuthorizedPrincipalsFile ${place(`${person.loginName}\n`)}`);
    const server = await startSshd({ config });
    try {
      const args = ["-F", "none", `-p${server.port}`, "-lroot", `-i${pair.keyFile}`, "-oIdentitiesOnly=yes"];
      args.push(`-oCertificateFile=${pair.certificate}`, "-oPreferredAuthentications=publickey");
      args.push("-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null");
      const at = (address: string) =>
        start("/usr/bin/ssh", [...args, `-oBindAddress=${address}`, "127.0.0.1", COMMAND]).done;
      expect(await at("127.0.0.1")).toMatchObject(IN);
      expect(await at("127.0.0.2")).toMatchObject(OUT);
      expect(server.log()).toContain("not from a permitted source address");
    } finally {
      await server.stop();
    }
  });
});

describe("a certificate of ssh-keygen with the authority's key", () => {
  it.each(["ed25519", "ecdsa", "rsa"] as const)("for a key of kind %s lets in", async (type) => {
    expect(await enter(certified({ type })).done).toMatchObject(IN);
  });

  it("lets in by the user's id as its name, and from the network it names", async () => {
    expect(await enter(certified({ names: person.id })).done).toMatchObject(IN);
    const here = certified({ args: ["-V", "+1h", "-O", "source-address=127.0.0.0/8,10.0.0.0/8"] });
    expect(await enter(here).done).toMatchObject(IN);
  });

  it.each([
    ["another's name", () => certified({ names: "somebody-else" })],
    ["no name at all", () => certified({ args: ["-V", "+1h"], names: "" })],
    ["a time that is over", () => certified({ args: ["-V", "-2h:-1h"] })],
    ["a time that is to come", () => certified({ args: ["-V", "+1h:+2h"] })],
    ["another network", () => certified({ args: ["-V", "+1h", "-O", "source-address=10.0.0.0/8"] })],
    ["a command that it forces", () => certified({ args: ["-V", "+1h", "-O", "force-command=/bin/true"] })],
    ["an option that nobody knows", () => certified({ args: ["-V", "+1h", "-O", "critical:new@example.org=x"] })],
    ["a number that the gate did not give", () => certified({ args: ["-V", "+1h", "-z", "900001"] })],
    ["hosts", () => certified({ args: ["-h", "-V", "+1h"] })],
  ])("for %s is refused", async (_, make) => {
    const { code, err } = await enter(make()).done;
    expect([code, err]).toEqual([255, expect.stringContaining("Permission denied")]);
  });

  it("is refused when another authority signed it, or when a byte of it was changed", async () => {
    const other = place(makeKey("ed25519").privateKey);
    expect(await enter(certified({ ca: other })).done).toMatchObject(OUT);
    const pair = certified();
    const [type = "", body = ""] = readFileSync(pair.certificate, "utf8").split(" ");
    const blob = Buffer.from(body, "base64");
    const at = blob.indexOf(Buffer.from(person.loginName));
    blob.write("zz", at, "latin1");
    writeFileSync(pair.certificate, `${type} ${blob.toString("base64")}\n`);
    expect(await enter(pair).done).toMatchObject(OUT);
  });
});

describe("a certificate without its key", () => {
  /** Offers, and proves with whatever `sign` gives. */
  async function offer(certificate: string, sign: ((data: Buffer) => Buffer) | null): Promise<string> {
    const [type = "", body = ""] = readFileSync(certificate, "utf8").split(" ");
    const socket = connect(stage.program.sshPort, "127.0.0.1");
    const [ready, service, answer] = [0, 1, 2].map(() => Promise.withResolvers<string>());
    const transport = createTransport({
      socket,
      ident: "wild",
      offer: clientOffer({ legacy: false }),
      keepalive: KEEPALIVE,
      onKeys: () => ready!.resolve(""),
      handlers: {
        SERVICE_ACCEPT: () => service!.resolve(""),
        USERAUTH_PK_OK: () => answer!.resolve("offer accepted"),
        USERAUTH_SUCCESS: () => answer!.resolve("success"),
        USERAUTH_FAILURE: () => answer!.resolve("failure"),
      },
    });
    await ready!.promise;
    transport.protocol.service("ssh-userauth");
    await service!.promise;
    const blob = Buffer.from(body, "base64");
    // ssh2 takes keys of its own making only.
    const key = Object.create(parsePrivateKey(readFileSync(authority, "utf8")), {
      type: { value: type },
      getPublicSSH: { value: () => blob },
    }) as ParsedKey;
    transport.protocol.authPK(
      direct(person, target),
      key,
      type,
      sign ? (data: Buffer, done: (signature: Buffer) => void) => done(sign(data)) : undefined,
    );
    const heard = await Promise.race([answer!.promise, transport.ended.then(() => "ended")]);
    transport.end("bye");
    return heard;
  }

  it("signs nobody in: an offer is answered by asking for the proof, a wrong proof by no", async () => {
    const pair = certified();
    expect(await offer(pair.certificate, null)).toBe("offer accepted");
    const stolen = generateKeyPairSync("ed25519").privateKey;
    expect(await offer(pair.certificate, (data) => signWith(null, data, stolen))).toBe("failure");
  });

  it("says nothing of who it names to whoever has none that counts", async () => {
    const other = place(makeKey("ed25519").privateKey);
    expect(await offer(certified({ ca: other }).certificate, null)).toBe("failure");
  });
});

describe("asking for a certificate", () => {
  const anonymous = () => stage.program.anonymous();
  const begin = () => anonymous().call(beginDevice, { publicKey: makeKey("ed25519").publicLine, device: "box" });
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "ok",
      (error: { code?: string }) => error.code,
    );

  it("waits for the person, gives it once, and only to who asked", async () => {
    const { code, token } = await begin();
    expect(code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(await codeOf(anonymous().call(collectDevice, { token }))).toBe("conflict");
    expect(await codeOf(anonymous().call(collectDevice, { token: "x".repeat(43) }))).toBe("unauthenticated");
    expect(await codeOf(anonymous().call(confirmDevice, { code }))).toBe("unauthenticated");
    await client.call(confirmDevice, { code: code.toLowerCase().replace("-", "") });
    expect(await codeOf(client.call(confirmDevice, { code }))).toBe("not_found");
    expect(await anonymous().call(collectDevice, { token })).toMatchObject({ loginName: person.loginName });
    expect(await codeOf(anonymous().call(collectDevice, { token }))).toBe("unauthenticated");
  });

  it("is over when the person refuses, or after ten minutes", async () => {
    const refused = await begin();
    await client.call(refuseDevice, { code: refused.code });
    expect(await codeOf(anonymous().call(collectDevice, { token: refused.token }))).toBe("denied");
    expect(await codeOf(client.call(confirmDevice, { code: refused.code }))).toBe("not_found");
    const late = await begin();
    await stage.query("update device_sign_in set expires_at = now() where code = $1", [late.code]);
    expect(await codeOf(client.call(confirmDevice, { code: late.code }))).toBe("not_found");
    expect(await codeOf(anonymous().call(collectDevice, { token: late.token }))).toBe("unauthenticated");
  });

  it("is confirmed by a fresh sign-in only, with the second factor fresh where there is one", async () => {
    const somebody = await stage.person();
    const theirs = await stage.program.signIn(somebody.loginName, somebody.password);
    const { code } = await begin();
    const age = (columns: string) =>
      stage.query(`update console_session set ${columns} where user_id = $1`, [somebody.id]);
    await age("signed_in_at = now() - interval '6 minutes', password_at = now() - interval '6 minutes'");
    expect(await codeOf(theirs.call(confirmDevice, { code }))).toBe("unconfirmed");
    await age("password_at = now(), second_factor_at = now() - interval '6 minutes'");
    expect(await codeOf(theirs.call(confirmDevice, { code }))).toBe("unconfirmed");
    await age("second_factor_at = now()");
    expect(await codeOf(theirs.call(confirmDevice, { code }))).toBe("ok");
  });

  it("is bounded for strangers", async () => {
    const codes = [];
    for (let asked = 0; asked < 25; asked += 1) codes.push(await codeOf(begin()));
    expect(codes.at(-1)).toBe("too_many");
    await stage.query("delete from device_sign_in");
  });
});
