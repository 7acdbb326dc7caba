import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateUser } from "../../src/iam/schema.ts";
import { codeOf } from "../security/way-in.ts";
import { paramiko, ssh, sshWithCodes } from "./clients.ts";
import { ownerOfApp } from "./owner-of-app.ts";
import { type KeyOptions, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
const COMMAND = "echo I am $(id -un)";
const IN = { code: 0, out: Buffer.from("I am root\n") };
const PYTHON_IN = { code: 0, out: IN.out.toString("base64") };
const DENIED = { code: 255, out: Buffer.alloc(0), err: expect.stringMatching(/Permission denied/) };
const PYTHON_DENIED = { error: expect.stringMatching(/AuthenticationException/) };
const PROMPT = /Code of your authenticator app: $/;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const owner = (key?: KeyOptions) => ownerOfApp(stage, target, key);

const ED25519: KeyOptions = { type: "ed25519" };

describe("password and code", () => {
  for (const method of ["keyboard-interactive", "password,keyboard-interactive"] as const) {
    it(`let OpenSSH in by ${method}`, async () => {
      const { person, user, secret } = await owner();
      const client = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [codeOf(secret, 1)] });
      expect(await client.done).toMatchObject(IN);
      expect(client.asked()).toEqual([expect.stringMatching(/[Pp]assword: $/), expect.stringMatching(PROMPT)]);
    });
  }

  it("let paramiko in, in one conversation and in two", async () => {
    const [one, two] = [await owner(), await owner()];
    const inOne = { user: one.user, command: COMMAND, interactive: [one.person.password, codeOf(one.secret, 1)] };
    expect(await paramiko(stage, inOne)).toMatchObject(PYTHON_IN);
    const inTwo = { user: two.user, command: COMMAND, password: two.person.password, codes: [codeOf(two.secret, 1)] };
    const answer = await paramiko(stage, inTwo);
    expect(answer).toMatchObject(PYTHON_IN);
    expect(answer.seen).toEqual([
      { words: 'Or type "recovery-code" (recovery code).', prompts: ["Code of your authenticator app: "] },
    ]);
  });

  it("a wrong code is refused, and so is the right one after it was used", async () => {
    const { person, user, secret } = await owner();
    const method = "keyboard-interactive";
    const wrong = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: ["000000"] });
    expect(await wrong.done).toMatchObject(DENIED);
    const code = codeOf(secret, 1);
    expect(await sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [code] }).done).toMatchObject(
      IN,
    );
    await stage.query("delete from remembered_proof where user_id = $1", [person.id]);
    const again = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [code] });
    expect(await again.done).toMatchObject(DENIED);
    expect(again.asked()).toHaveLength(2);
  });

  it("a recovery code is taken at the same prompt, or after its name, once", async () => {
    const { person, user, recoveryCodes } = await owner();
    const method = "keyboard-interactive";
    const [first = "", second = ""] = recoveryCodes;
    const forget = () => stage.query("delete from remembered_proof where user_id = $1", [person.id]);
    expect(await sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [first] }).done).toMatchObject(
      IN,
    );
    await forget();
    expect(await sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [first] }).done).toMatchObject(
      DENIED,
    );
    const named = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: ["recovery-code", second] });
    expect(await named.done).toMatchObject(IN);
    expect(named.asked().at(-1)).toMatch(/Recovery code: $/);
  });

  it("a wrong password is refused like anybody's: no question for a code", async () => {
    const [{ person, user }, plain] = [await owner(), await stage.person()];
    const tries = await Promise.all([
      paramiko(stage, { user, interactive: ["not the password", "000000"] }),
      paramiko(stage, { user: plain.loginName, interactive: ["not the password", "000000"] }),
      paramiko(stage, { user: "nobody-here", interactive: ["not the password", "000000"] }),
      paramiko(stage, { user, password: "not the password", codes: ["000000"] }),
    ]);
    const [mine, theirs, nobodys, alone] = tries;
    expect(mine).toEqual(theirs);
    expect(mine).toEqual(nobodys);
    expect(mine.seen).toEqual([{ words: "", prompts: ["Password: "] }]);
    expect(alone).toMatchObject({ ...PYTHON_DENIED, seen: [], banner: "" });
    expect(person.id).toBeTruthy();
  });

  it("the password alone lets nobody in", async () => {
    const { person, user } = await owner();
    expect(await ssh(stage, person, user, [COMMAND], { method: "password" }).done).toMatchObject(DENIED);
    expect(await paramiko(stage, { user, password: person.password, command: COMMAND })).toHaveProperty("error");
  });
});

describe("a key", () => {
  it("that is proved lets nobody in without a code", async () => {
    const { person, user } = await owner(ED25519);
    expect(await ssh(stage, person, user, [COMMAND], { method: "publickey" }).done).toMatchObject(DENIED);
  });
});

describe("a second connection", () => {
  it("by the same proof from the same address is not asked for the code again; by another it is", async () => {
    const { person, user, secret } = await owner(ED25519);
    const method = "publickey,keyboard-interactive";
    const first = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [codeOf(secret, 1)] });
    expect(await first.done).toMatchObject(IN);
    const second = sshWithCodes(stage, person, { user, command: [COMMAND], method, codes: [] });
    expect(await second.done).toMatchObject(IN);
    expect(second.asked()).toEqual([]);
    const other = sshWithCodes(stage, person, { user, command: [COMMAND], method: "keyboard-interactive", codes: [] });
    expect(await other.done).toMatchObject(DENIED);
    expect(other.asked()).toEqual([expect.stringMatching(/[Pp]assword: $/), expect.stringMatching(PROMPT)]);
  });
});

describe("what must be done at the console", () => {
  it("is said to whom the first proof was right, and to nobody else", async () => {
    const person = await stage.person({ key: ED25519 });
    await stage.admin.call(updateUser, { id: person.id, version: person.user.version, secondFactor: "forced" });
    const words = /Set up a second factor first: sign in at the console once\./;
    for (const method of ["password", "publickey", "keyboard-interactive"] as const) {
      const client = await ssh(stage, person, person.loginName, [COMMAND], { method }).done;
      expect(client).toMatchObject(DENIED);
      expect(client.err).toMatch(words);
    }
    const wrong = await ssh(stage, { ...person, password: "not the password" }, person.loginName, [COMMAND], {
      method: "password",
    }).done;
    expect(wrong).toMatchObject(DENIED);
    expect(wrong.err).not.toMatch(words);
  });
});
