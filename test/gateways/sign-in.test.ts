import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { updateUser } from "../../src/iam/schema.ts";
import { direct, paramiko, plink, ssh } from "./clients.ts";
import { type KeyOptions, type Person, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
let person: Person;
const COMMAND = "echo I am $(id -un)";

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  person = await newcomer();
}, 60_000);
afterAll(() => stage?.close(), 30_000);

async function newcomer(key?: KeyOptions): Promise<Person> {
  const somebody = await stage.person(key ? { key } : {});
  await stage.allow(somebody, target);
  return somebody;
}

const IN = { code: 0, out: Buffer.from("I am root\n") };
const PYTHON_IN = { code: 0, out: IN.out.toString("base64") };

describe("a right password", () => {
  for (const method of ["password", "keyboard-interactive"] as const) {
    it(`lets OpenSSH in by ${method}`, async () => {
      expect(await ssh(stage, person, direct(person, target), [COMMAND], { method }).done).toMatchObject(IN);
    });
    it(`lets plink in by ${method}`, async () => {
      expect(await plink(stage, person, direct(person, target), [COMMAND], { method }).done).toMatchObject(IN);
    });
    it(`lets paramiko in by ${method}`, async () => {
      const proof = method === "password" ? { password: person.password } : { interactive: person.password };
      const answer = await paramiko(stage, { user: direct(person, target), command: COMMAND, ...proof });
      expect(answer).toMatchObject(PYTHON_IN);
    });
  }
});

const KEYS: [string, KeyOptions][] = [
  ["Ed25519", { type: "ed25519" }],
  ["ECDSA P-256", { type: "ecdsa", bits: 256 }],
  ["ECDSA P-384", { type: "ecdsa", bits: 384 }],
  ["ECDSA P-521", { type: "ecdsa", bits: 521 }],
  ["RSA 3072", { type: "rsa", bits: 3072 }],
];

describe.for(KEYS)("a key of kind %s", ([, key]) => {
  it("lets OpenSSH, plink and paramiko in", async () => {
    const owner = await newcomer(key);
    const user = direct(owner, target);
    const [openssh, putty, python] = await Promise.all([
      ssh(stage, owner, user, [COMMAND]).done,
      plink(stage, owner, user, [COMMAND]).done,
      paramiko(stage, { user, keyFile: owner.keyFile, command: COMMAND }),
    ]);
    expect(openssh).toMatchObject(IN);
    expect(putty).toMatchObject(IN);
    expect(python).toMatchObject(PYTHON_IN);
  });
});

describe("refused is", () => {
  const refusals = async (who: Person, user = direct(who, target)) => {
    const proof = who.keyFile ? { keyFile: who.keyFile } : { password: who.password };
    const [openssh, putty, python] = await Promise.all([
      ssh(stage, who, user, [COMMAND]).done,
      plink(stage, who, user, [COMMAND]).done,
      paramiko(stage, { user, command: COMMAND, ...proof }),
    ]);
    return { openssh, putty: putty.out.length === 0 && putty.code !== 0, python };
  };
  const REFUSED = {
    openssh: { code: 255, out: Buffer.alloc(0), err: expect.stringMatching(/Permission denied/) },
    putty: true,
    python: { error: expect.stringMatching(/AuthenticationException/) },
  };

  it("a wrong password", async () => {
    const victim = await newcomer();
    expect(await refusals({ ...victim, password: "not the password" })).toMatchObject(REFUSED);
    const { items } = await stage.admin.call(listAuditEvents, { action: "sign-in" });
    const failed = items.filter(({ outcome }) => outcome === "unauthenticated");
    expect(failed.length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(items)).not.toContain("not the password");
  });

  it("an empty password", async () => {
    const victim = await newcomer();
    const answers = await Promise.all([
      paramiko(stage, { user: victim.loginName, password: "" }),
      paramiko(stage, { user: victim.loginName, interactive: "" }),
    ]);
    for (const { error } of answers) expect(error).toMatch(/AuthenticationException/);
  });

  it("an unknown user, with the same words", async () => {
    expect(await refusals({ ...person, loginName: "nobody-here", password: "whatever-it-is" })).toMatchObject(REFUSED);
  });

  it("a key of somebody else", async () => {
    const [one, other] = [await newcomer({ type: "ed25519" }), await newcomer({ type: "ed25519" })];
    expect(await refusals({ ...one, keyFile: other.keyFile })).toMatchObject(REFUSED);
  });

  it("a key that is known but not proved", async () => {
    const owner = await newcomer({ type: "ed25519" });
    const PK_OK = 60;
    const offered = await paramiko(stage, { user: owner.loginName, keyFile: owner.keyFile, offer: true });
    expect(offered.answer).toBe(PK_OK);
    expect(offered.then).not.toBe("opened");
    const used = await stage.query("select last_used_at from ssh_key where user_id = $1", [owner.id]);
    expect(used).toEqual([{ last_used_at: null }]);
  });

  it("a disabled user, by password and by key", async () => {
    const [one, two] = [await newcomer(), await newcomer({ type: "ed25519" })];
    for (const { user } of [one, two])
      await stage.admin.call(updateUser, { id: user.id, version: user.version, active: false });
    expect(await refusals(one)).toMatchObject(REFUSED);
    expect(await refusals(two)).toMatchObject(REFUSED);
  });

  it("a user name in a form that nobody has", async () => {
    const users = [
      `${person.loginName}@x`,
      `${person.loginName}@@x`,
      `@${person.loginName}`,
      "a@b@c@d@e",
      "x".repeat(5000),
    ];
    const answers = await Promise.all(users.map((user) => paramiko(stage, { user, password: person.password })));
    expect(answers).toEqual(users.map(() => ({ error: expect.any(String) })));
  });
});

it("shows no password in its log", async () => {
  const text = await stage.program.logs();
  expect(text).not.toContain(person.password);
  expect(text).not.toContain("not the password");
});
