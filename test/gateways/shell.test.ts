import { afterAll, beforeAll, expect, it } from "vitest";
import { updateAsset } from "../../src/assets/schema.ts";
import { direct, ssh } from "./clients.ts";
import { openScreen, type Screen } from "./screen.ts";
import { endOf, type Person, sessionOf, setStage, type Stage, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
const open: Screen[] = [];

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target({ name: "alpha", comment: "the first" });
}, 60_000);
afterAll(async () => {
  for (const screen of open) screen.close();
  await stage?.close();
}, 30_000);

async function newcomer(...targets: Target[]): Promise<Person> {
  const person = await stage.person({ key: { type: "ed25519" } });
  for (const one of targets) await stage.allow(person, one);
  return person;
}

function screen(...args: Parameters<typeof openScreen>): Screen {
  const opened = openScreen(...args);
  open.push(opened);
  return opened;
}

it("gives a shell that follows the window, Ctrl-C and UTF-8", async () => {
  const person = await newcomer(target);
  const shell = screen(stage, person, direct(person, target), { cols: 90, rows: 25 });
  await shell.shows(/[#$] ?$/);
  shell.type("stty size; echo TERM=$TERM\r");
  await shell.shows(/^25 90$/m);
  await shell.shows(/^TERM=(screen|tmux|xterm)/m);
  shell.resize(111, 33);
  await shell.shows(/[#$] ?$/);
  shell.type("stty size\r");
  await shell.shows(/^33 111$/m);
  shell.type("sleep 100; echo never\r");
  await shell.shows(/echo never/);
  shell.keys("C-c");
  await shell.shows(/\^C/);
  shell.type("printf '\\346\\274\\242 \\303\\251 %s\\n' 'größe 漢字 🙂'\r");
  await shell.shows(/^漢 é größe 漢字 🙂$/m);
  shell.type("exit 7\r");
  await shell.shows(/client ended: 7/);
  expect(shell.text()).not.toMatch(/^never$/m);
  const session = await sessionOf(stage, person, "ended");
  expect(session).toMatchObject({ kind: "shell", endReason: "exited", exitCode: 7, state: "ended" });
}, 40_000);

it("ends the target's shell when the client leaves", async () => {
  const person = await newcomer(target);
  const shell = screen(stage, person, direct(person, target));
  await shell.shows(/[#$] ?$/);
  shell.type("echo pid=$$\r");
  const pid = Number(/^pid=(\d+)$/m.exec(await shell.shows(/^pid=\d+$/m))?.[1]);
  shell.keys("Enter");
  shell.type("~.");
  await shell.shows(/client ended: 255/);
  const session = await sessionOf(stage, person, "ended");
  expect(await endOf(stage, session.id)).toMatchObject({ endReason: "closed" });
  await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
}, 30_000);

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("shows the menu: lists, picks by number and by text, comes back, leaves", async () => {
  const [beta, gamma] = [
    await stage.target({ name: "beta-box", comment: "mail relay" }),
    await stage.target({ name: "gamma-box" }),
  ];
  await stage.target({ name: "hidden-box" });
  const person = await newcomer(target, beta, gamma);
  const menu = screen(stage, person, person.loginName);
  const first = await menu.shows(/Connect to>/);
  expect(first).toMatch(/1\s+alpha\s+127\.0\.0\.1\s+root/);
  expect(first).toMatch(/2\s+beta-box/);
  expect(first).toMatch(/3\s+gamma-box/);
  expect(first).not.toContain("hidden-box");
  expect(first).toContain(person.user.name);

  menu.type("99\r");
  await menu.shows(/no number 99/);
  menu.type("box\r");
  await menu.shows(/1\s+beta-box[\s\S]*2\s+gamma-box[\s\S]*Connect to> *$/);
  menu.type("mail\r");
  await menu.shows(/[#$] ?$/);
  expect((await sessionOf(stage, person)).asset.name).toBe("beta-box");
  menu.type("echo in-$((40+2)); exit 3\r");
  await menu.shows(/^in-42$/m);
  await menu.shows(/Session ended[\s\S]*Connect to> *$/);
  expect((await sessionOf(stage, person, "ended")).exitCode).toBe(3);

  menu.type("nothing-like-it\r");
  await menu.shows(/Nothing fits/);
  menu.type("alphx");
  menu.keys("BSpace");
  menu.type("a\r");
  await menu.shows(/[#$] ?$/);
  expect((await sessionOf(stage, person)).asset.name).toBe("alpha");
  menu.keys("C-d");
  await menu.shows(/Session ended[\s\S]*Session ended[\s\S]*Connect to> *$/);
  menu.type("half a line");
  menu.keys("C-c");
  menu.type("p\r");
  await menu.shows(/3\s+gamma-box/);
  menu.type("?\r");
  menu.type("q\r");
  await menu.shows(/client ended: 0/);
}, 40_000);

it("pages through many assets, on a small screen", async () => {
  const many: Target[] = [];
  for (let n = 10; n < 30; n++) many.push(await stage.target({ name: `page-${n}` }));
  const person = await newcomer();
  await stage.allow(person, many[0]!, { assetIds: many.map(({ assetId }) => assetId) });
  const menu = screen(stage, person, person.loginName, { rows: 18, cols: 60 });
  const first = await menu.shows(/n for more[\s\S]*Connect to> *$/);
  expect(first).toMatch(/10\s+page-19/);
  expect(first).not.toContain("page-20");
  menu.type("n\r");
  await menu.shows(/1\s+page-20[\s\S]*Connect to> *$/);
  menu.type("n\r");
  await menu.shows(/last page/);
  menu.type("3\r");
  await menu.shows(/[#$] ?$/);
  expect((await sessionOf(stage, person)).asset.name).toBe("page-22");
  menu.keys("C-d");
  await menu.shows(/Session ended/);
  menu.keys("C-d");
  await menu.shows(/client ended: 0/);
}, 40_000);

it("asks which account when there are several", async () => {
  const two = await stage.target({ name: "two-accounts" });
  const { createAccount } = await import("../../src/assets/schema.ts");
  await stage.admin.call(createAccount, {
    assetId: two.assetId,
    name: "wrong",
    username: "root",
    secret: { kind: "password", value: "this is wrong" },
  });
  const person = await newcomer(two);
  const menu = screen(stage, person, person.loginName);
  await menu.shows(/Connect to>/);
  menu.type("1\r");
  await menu.shows(/1\s+root[\s\S]*2\s+wrong[\s\S]*Account> *$/);
  menu.type("2\r");
  const words = await menu.shows(/Connect to> *$/);
  expect(words).not.toContain("this is wrong");
  menu.type("1\r");
  await menu.shows(/Account> *$/);
  menu.type("root\r");
  await menu.shows(/[#$] ?$/);
}, 30_000);

it("hands what is typed ahead to the session, and tells who has nothing", async () => {
  const person = await newcomer(target);
  const piped = ssh(stage, person, person.loginName, [], { options: ["-tt"] });
  await piped.shows(/Connect to>/);
  piped.write("1\rsleep 0.2; echo typed-$((1+1))\rexit\r");
  await piped.shows(/^typed-2\r$/m);
  await piped.shows(/Session ended/);
  piped.write("q\r");
  expect((await piped.done).code).toBe(0);
  const nobody = await newcomer();
  const nothing = ssh(stage, nobody, nobody.loginName, [], { options: ["-tt"] });
  await nothing.shows(/No permission rule lets you reach an asset now/);
  nothing.child.stdin.end();
  nothing.child.kill();
  const plain = await ssh(stage, nobody, nobody.loginName, [], { options: ["-T"] }).done;
  expect(plain).toMatchObject({ code: 254 });
  expect(plain.err).toMatch(/needs a terminal/);
}, 30_000);

it("says in the menu why an asset cannot be reached, and goes on", async () => {
  const dead = await stage.target({ name: "dead-box", port: 1 });
  const person = await newcomer(dead);
  const menu = screen(stage, person, person.loginName);
  await menu.shows(/Connect to>/);
  menu.type("1\r");
  await menu.shows(/refused the connection[\s\S]*Connect to> *$/);
  const session = await sessionOf(stage, person, "ended");
  expect(session).toMatchObject({ endReason: "refused" });
  const detail = await stage.admin.call((await import("../../src/assets/schema.ts")).readAsset, { id: dead.assetId });
  await stage.admin.call(updateAsset, { id: dead.assetId, version: detail.version, active: false });
  menu.type("p\r");
  await menu.shows(/No permission rule lets you reach/);
}, 30_000);
