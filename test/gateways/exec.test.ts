import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listSessions } from "../../src/sessions/schema.ts";
import { direct, paramiko, plink, sha256, ssh, sshArguments, start } from "./clients.ts";
import { endOf, type Person, sessionOf, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
let user: string;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
  user = direct(person, target);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const run = (...command: string[]) => ssh(stage, person, user, command).done;
const MUX = 12;

describe("the direct form", () => {
  it.each([
    ["with @", () => user],
    ["with #", () => `${person.loginName}#${target.account}#${target.name}`],
    ["with the protocol", () => `${person.loginName}@ssh@${target.account}@${target.name}`],
    ["with the asset's id", () => `${person.loginName}@${target.account}@${target.assetId}`],
    ["with the asset's name in capitals", () => `${person.loginName}@${target.account}@${target.name.toUpperCase()}`],
    ["with the asset's address", () => `${person.loginName}@${target.account}@127.0.0.1`],
  ])("%s runs a command", async (_, name) => {
    const { code, out, err } = await ssh(stage, person, name(), ["echo there"]).done;
    expect({ code, out: out.toString(), err }).toEqual({ code: 0, out: "there\n", err: "" });
  });

  it("refuses an asset or account that no rule gives, in the same words, with code 254", async () => {
    const hidden = await stage.target();
    const refusals = await Promise.all(
      [direct(person, hidden), `${person.loginName}@root@nowhere`, `${person.loginName}@nobody@${target.name}`].map(
        (name) => ssh(stage, person, name, ["echo there"]).done,
      ),
    );
    for (const { code, out, err } of refusals) {
      expect(code).toBe(254);
      expect(out.length).toBe(0);
      expect(err).toBe(refusals[0]?.err);
      expect(err).toMatch(/No permission rule/);
    }
  });

  it("tells when an address fits several assets", async () => {
    const other = await stage.target();
    const somebody = await stage.person({ key: { type: "ed25519" } });
    for (const one of [target, other]) await stage.allow(somebody, one);
    const { code, err } = await ssh(stage, somebody, `${somebody.loginName}@root@127.0.0.1`, ["true"]).done;
    expect(code).toBe(254);
    expect(err).toMatch(/Several of your assets/);
  });

  it("refuses a subsystem and a command without a target", async () => {
    const file = await ssh(stage, person, user, ["sftp"], { options: ["-s"] }).done;
    expect(file.code).not.toBe(0);
    expect(file.err).toMatch(/Files cannot be transferred/);
    const nowhere = await ssh(stage, person, person.loginName, ["uname"]).done;
    expect(nowhere.code).toBe(254);
    expect(nowhere.err).toMatch(/Say where to run it/);
  });

  it("refuses forwarding and agents", async () => {
    const { code, err } = await ssh(stage, person, user, [], { options: ["-W", "127.0.0.1:22"] }).done;
    expect(code).not.toBe(0);
    expect(err).toMatch(/only sessions/);
  });
});

describe("a command", () => {
  it("keeps every exit code from 0 to 255", async () => {
    const socket = join(stage.folder, "mux");
    const options = ["-o", "ControlMaster=auto", "-o", `ControlPath=${socket}`, "-o", "ControlPersist=20"];
    await ssh(stage, person, user, ["true"], { options: [...options, "-f", "-N"] }).done;
    const wanted = [...Array(256).keys()];
    const codes: (number | null)[] = [];
    const queue = [...wanted.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        codes[next[0]] = (await ssh(stage, person, user, [`exit ${next[1]}`], { options }).done).code;
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    await ssh(stage, person, user, [], { options: [...options, "-O", "exit"] }).done;
    expect(codes).toEqual(wanted);
    const { items } = await stage.admin.call(listSessions, { userId: person.id, search: "exit 199" });
    expect(items[0]).toMatchObject({
      command: "exit 199",
      kind: "exec",
      via: "ssh",
      exitCode: 199,
      endReason: "exited",
    });
  }, 90_000);

  it("ended by a signal is told as such", async () => {
    const { code, signal } = await run("kill -TERM $$");
    expect({ code, signal }).toEqual({ code: 255, signal: null });
    const verbose = await ssh(stage, person, user, ["kill -TERM $$"], { options: ["-v"] }).done;
    expect(verbose.err).toMatch(/rtype exit-signal/);
    const putty = await plink(stage, person, user, ["kill -TERM $$"]).done;
    // As plink says without the gate, too.
    expect(putty.code).toBe(128);
  });

  it("keeps standard error apart", async () => {
    const { code, out, err } = await run("echo one; echo two >&2; exit 3");
    expect({ code, out: out.toString(), err }).toEqual({ code: 3, out: "one\n", err: "two\n" });
    const python = await paramiko(stage, { user, keyFile: person.keyFile, command: "echo one; echo two >&2; exit 3" });
    expect(python).toEqual({ code: 3, out: Buffer.from("one\n").toString("base64"), err: "two\n" });
  });

  it("sees the end of its input while its output goes on", async () => {
    const client = ssh(stage, person, user, ["cat; echo after"]);
    client.child.stdin.end("before\n");
    const { code, out } = await client.done;
    expect({ code, out: out.toString() }).toEqual({ code: 0, out: "before\nafter\n" });
    const putty = plink(stage, person, user, ["cat; echo after"]);
    putty.child.stdin.end("before\n");
    expect((await putty.done).out.toString()).toBe("before\nafter\n");
  });

  it("ends its output before its input", async () => {
    const client = ssh(stage, person, user, ["exec >&-; cat > /dev/null; exit 5"]);
    client.write("something\n");
    client.child.stdin.end();
    expect((await client.done).code).toBe(5);
  });

  it("passes all 256 bytes untouched, both ways", async () => {
    const bytes = Buffer.from([...Array(256).keys()]);
    const client = ssh(stage, person, user, ["cat"]);
    client.child.stdin.end(bytes);
    expect((await client.done).out.equals(bytes)).toBe(true);
    const python = await paramiko(stage, {
      user,
      keyFile: person.keyFile,
      command: "cat",
      input: bytes.toString("base64"),
    });
    expect(Buffer.from(python.out ?? "", "base64").equals(bytes)).toBe(true);
  });

  it("takes 100 MB byte for byte, and gives them back", async () => {
    const block = randomBytes(1_000_000);
    const sent = createHash("sha256");
    for (let part = 0; part < 100; part++) sent.update(block);
    const wanted = sent.digest("hex");

    const up = ssh(stage, person, user, ["sha256sum"]);
    for (let part = 0; part < 100; part++)
      if (!up.child.stdin.write(block)) await new Promise((resolve) => up.child.stdin.once("drain", resolve));
    up.child.stdin.end();
    expect((await up.done).out.toString()).toMatch(new RegExp(`^${wanted} `));

    const file = join(stage.folder, "block");
    await writeFile(file, block);
    const down = ssh(stage, person, user, [`for i in $(seq 100); do cat ${file}; done`]);
    const { code, out } = await down.done;
    expect(code).toBe(0);
    expect(out.length).toBe(100_000_000);
    expect(sha256(out)).toBe(wanted);
  }, 90_000);

  it("passes bytes through both directions at once", async () => {
    const block = randomBytes(8_000_000);
    const client = ssh(stage, person, user, ["cat"]);
    client.child.stdin.end(block);
    expect(sha256((await client.done).out)).toBe(sha256(block));
  });

  it("gets the words of its environment that are allowed, and no others", async () => {
    const options = ["-o", "SetEnv=LC_TEST=yes GIT_TEST=no"];
    const { out } = await ssh(stage, person, user, ['echo "$LC_TEST-$GIT_TEST"'], { options }).done;
    expect(out.toString()).toBe("yes-\n");
  });

  it("may be long, and of several lines", async () => {
    const long = `echo ${"x".repeat(20_000)} | wc -c\necho second line`;
    const { code, out, err } = await run(long);
    expect({ code, out: out.toString(), err }).toEqual({ code: 0, out: "20001\nsecond line\n", err: "" });
    const { command } = await sessionOf(stage, person, "ended");
    expect(command?.startsWith("echo xxxx")).toBe(true);
  });

  it("is never changed on its way: one that is not UTF-8 is refused", async () => {
    const bytes = join(stage.folder, "latin1");
    await writeFile(bytes, Buffer.from("printf %s 'gr\xf6\xdfe' | sha256sum", "latin1"));
    const client = await start("/bin/sh", [
      "-c",
      `exec ssh ${sshArguments(stage, person, user, [], {})
        .map((word) => `'${word}'`)
        .join(" ")} "$(cat ${bytes})"`,
    ]).done;
    expect(client).toMatchObject({ code: 254, out: Buffer.alloc(0), err: expect.stringMatching(/UTF-8/) });
  });

  it("is a session of its own in one connection", async () => {
    const somebody = await stage.person({ key: { type: "ed25519" } });
    await stage.allow(somebody, target);
    const socket = join(stage.folder, "mux-2");
    const name = direct(somebody, target);
    const options = ["-o", "ControlMaster=auto", "-o", `ControlPath=${socket}`, "-o", "ControlPersist=20"];
    await ssh(stage, somebody, name, [], { options: [...options, "-f", "-N"] }).done;
    const all = await Promise.all(
      [...Array(MUX).keys()].map((n) => ssh(stage, somebody, name, [`sleep 1; echo ${n}`], { options }).done),
    );
    await ssh(stage, somebody, name, [], { options: [...options, "-O", "exit"] }).done;
    const done = all.filter(({ code }) => code === 0);
    expect(done.length).toBeGreaterThanOrEqual(10);
    const { items } = await stage.admin.call(listSessions, { userId: somebody.id });
    expect(items.length).toBe(done.length);
    for (const { id } of items) await endOf(stage, id);
  });
});

it("asks nothing of the person on the target: the credential never passes the client", async () => {
  const key = await readFile(person.keyFile, "utf8");
  expect(stage.sshd.log()).not.toContain(key.slice(100, 140));
  expect(stage.sshd.log()).toMatch(/Accepted publickey for root/);
});
