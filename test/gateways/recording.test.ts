import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { exportRecording, openRecording, type Session } from "../../src/sessions/schema.ts";
import { direct, start, ssh } from "./clients.ts";
import { replay, shownIn } from "./replay.ts";
import { openScreen } from "./screen.ts";
import { endOf, type Person, sessionOf, setStage, type Stage, stored, type Target } from "./stage.ts";

const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
let stage: Stage;
let target: Target;
let person: Person;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target({ name: "rec-box" });
  person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

/** Runs a command; returns its stored session and what the client got. */
async function recorded(command: string): Promise<{ session: Session; out: Buffer; err: string }> {
  const { out, err } = await ssh(stage, person, direct(person, target), [command]).done;
  const { id } = await sessionOf(stage, person, "ended");
  return { session: await stored(stage, id), out, err };
}

const verify = (id: string) =>
  start(process.execPath, [CLI, "recording", "verify", id, "--data", stage.program.data], {
    SALLYPORT_MASTER_KEY: process.env.SALLYPORT_MASTER_KEY ?? "",
  }).done;

async function exported(id: string): Promise<string> {
  const answer = await stage.admin.fetch(`/api${exportRecording.route.split(" ")[1]!.replace(":id", id)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-disposition")).toMatch(/attachment.*rec-box.*\.cast/);
  return answer.text();
}

/** What asciinema shows of a recording; it wants a terminal. */
async function played(cast: string): Promise<{ code: number | null; out: string }> {
  const file = join(stage.folder, `${randomBytes(4).toString("hex")}.cast`);
  await writeFile(file, cast);
  const { code, out } = await start("/usr/bin/script", ["-qec", `/usr/bin/asciinema cat ${file}`, "/dev/null"], {
    HOME: stage.folder,
    TERM: "xterm",
  }).done;
  return { code, out: out.toString("utf8") };
}

describe("the recording of a shell", () => {
  let session: Session;
  let seen = "";

  it("is what the person saw, with every change of size and the way it ended", async () => {
    const screen = openScreen(stage, person, direct(person, target), { cols: 90, rows: 25 });
    await screen.shows(/[#$] ?$/);
    screen.type("echo first-$((1+1))\r");
    await screen.shows(/^first-2$/m);
    screen.resize(120, 35);
    screen.type("echo 'größe 漢字'; stty size\r");
    await screen.shows(/^35 120$/m);
    screen.type("exit 4\r");
    seen = await screen.shows(/client ended: 4/);
    screen.close();
    session = await stored(stage, (await sessionOf(stage, person, "ended")).id);
    expect(session.recording).toMatchObject({ state: "stored", complete: true });
    const chunks = await replay(stage, session.id);
    expect(chunks).toContainEqual([expect.any(Number), "r", "120x35"]);
    expect(JSON.parse(chunks.at(-1)?.[2] ?? "")).toMatchObject({ reason: "exited", exit: { code: 4 } });
    const times = chunks.map(([at]) => at);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    const shown = (await shownIn(stage, session.id)).toString("utf8");
    for (const line of ["first-2\r\n", "größe 漢字\r\n", "35 120\r\n"]) expect(shown).toContain(line);
    const opened = await stage.admin.call(openRecording, { id: session.id });
    expect(opened).toMatchObject({ cols: 90, rows: 25, complete: true, title: "root@rec-box" });
  }, 30_000);

  it("is exported as asciicast v2 that asciinema plays", async () => {
    const cast = await exported(session.id);
    const [head = "", ...lines] = cast.trimEnd().split("\n");
    expect(JSON.parse(head)).toMatchObject({ version: 2, width: 90, height: 25 });
    expect(
      lines
        .map((line) => JSON.parse(line) as [number, string, string])
        .some(([, kind, data]) => kind === "r" && data === "120x35"),
    ).toBe(true);
    const { code, out } = await played(cast);
    expect(code).toBe(0);
    expect(out).toBe((await shownIn(stage, session.id)).toString("utf8"));
    expect(seen).toContain("größe 漢字");
  });

  it("says in the audit who looked at it and who took it along", async () => {
    for (const action of ["recording.open", "recording.export"]) {
      const { items } = await stage.admin.call(listAuditEvents, { action, targetId: session.id });
      expect(items[0]).toMatchObject({ action, outcome: "ok", actor: { name: "Ada Admin" } });
    }
    const simple = await stage.program.signIn(person.loginName, person.password);
    await expect(simple.call(openRecording, { id: session.id })).rejects.toMatchObject({ status: 403 });
  });
});

describe("the recording of a command", () => {
  it("holds both streams, and shows proper lines", async () => {
    const { session, out, err } = await recorded("echo one; echo two; echo wrong >&2");
    expect([out.toString(), err]).toEqual(["one\ntwo\n", "wrong\n"]);
    const shown = (await shownIn(stage, session.id)).toString();
    expect(shown.replace("wrong\r\n", "")).toBe("one\r\ntwo\r\n");
    expect(shown).toContain("wrong\r\n");
    const { code, out: lines } = await played(await exported(session.id));
    expect({ code, lines: lines.replace("wrong\r\n", "") }).toEqual({ code: 0, lines: "one\r\ntwo\r\n" });
  });

  it("holds a command that is too long for the list, to its end", async () => {
    const command = `true ${"é".repeat(9000)}; echo the end`;
    const { session } = await recorded(command);
    expect(session.command).toHaveLength(4096);
    const markers = (await replay(stage, session.id)).filter(([, kind]) => kind === "m");
    expect(markers.map(([, , text]) => text).join("")).toBe(command);
  });

  it("holds every byte of 10 MB", async () => {
    const { session, out } = await recorded("head -c 7500000 /dev/urandom | base64 -w 0");
    const shown = await shownIn(stage, session.id);
    expect(shown.equals(out)).toBe(true);
    expect(session.recording.complete).toBe(true);
    expect(session.recording.bytes).toBeGreaterThanOrEqual(out.length);
  }, 60_000);

  it("is anchored in the audit trail, once, by the hash of its manifest", async () => {
    const { session } = await recorded("echo anchored");
    const events = () =>
      stage.query(
        "select outcome, actor_kind, target_kind, fields from audit_event where action = $1 and target_id = $2",
        ["recording.seal", session.id],
      );
    await expect.poll(async () => (await events()).length, { timeout: 10_000 }).toBe(1);
    const path = join(stage.program.data, "recordings/recordings", session.id.slice(-2), session.id, "manifest.json");
    const stored = await readFile(path);
    const { manifest } = JSON.parse(stored.toString()) as { manifest: { chunks: number; bytes: number } };
    const { bytes, chunks } = manifest;
    expect(await events()).toMatchObject([
      {
        outcome: "ok",
        actor_kind: "system",
        target_kind: "session",
        fields: {
          input: { manifest: createHash("sha256").update(stored).digest("hex"), complete: true, bytes, chunks },
        },
      },
    ]);
    expect(session.recording).toMatchObject({ state: "stored", complete: true, bytes });
  });

  it("is made for what is refused, too, and holds no secret", async () => {
    const dead = await stage.target({ port: 1 });
    await stage.allow(person, dead);
    const { code } = await ssh(stage, person, direct(person, dead), ["true"]).done;
    expect(code).toBe(254);
    const { id } = await sessionOf(stage, person, "ended");
    expect(await endOf(stage, id)).toMatchObject({ endReason: "refused" });
    expect((await stored(stage, id)).recording.complete).toBe(true);
  });
});

describe("what cannot be recorded", () => {
  const spool = (): string => join(stage.program.data, "spool");

  it("is cut when the spool is lost in the middle, with words", async () => {
    const client = ssh(stage, person, direct(person, target), ["while :; do date; sleep 0.1; done"]);
    await client.shows(/\d\n/);
    const { id } = await sessionOf(stage, person);
    await rename(join(spool(), id), join(spool(), `.gone-${id}`));
    const { code } = await client.done;
    expect(code).toBe(255);
    expect(client.err()).toMatch(/cannot be recorded/);
    expect(await endOf(stage, id)).toMatchObject({ endReason: "recording_failed" });
  });

  it("is refused when there is no spool, and works again when it is back", async () => {
    await rename(spool(), `${spool()}.aside`);
    await writeFile(spool(), "");
    const refused = await ssh(stage, person, direct(person, target), ["echo in"]).done;
    await rm(spool());
    await rename(`${spool()}.aside`, spool());
    expect({ code: refused.code, out: refused.out.toString() }).toEqual({ code: 254, out: "" });
    expect(refused.err).toMatch(/cannot be recorded/);
    const { id } = await sessionOf(stage, person, "ended");
    expect(await endOf(stage, id)).toMatchObject({ endReason: "refused", recording: { state: "failed" } });
    expect((await ssh(stage, person, direct(person, target), ["echo in"]).done).out.toString()).toBe("in\n");
  });
});

describe("recording verify", () => {
  it("is content with what was recorded, and names the place after one byte changed in any part", async () => {
    const { session } = await recorded("head -c 3000000 /dev/urandom | base64");
    const good = await verify(session.id);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out.toString()).toMatch(/is good[\s\S]*complete/);

    const folder = join(stage.program.data, "recordings", "recordings", session.id.slice(-2), session.id);
    const names = (await readdir(folder)).toSorted();
    expect(names.filter((name) => name.endsWith(".seg")).length).toBeGreaterThan(1);
    const spoiled = names
      .filter((name) => !name.endsWith(".seg"))
      .concat(names.filter((name) => name.endsWith(".seg")).slice(-1));
    for (const name of spoiled) {
      const bytes = await readFile(join(folder, name));
      const at = bytes.length >> 1;
      await writeFile(join(folder, name), bytes.with(at, bytes[at]! ^ 1));
      const bad = await verify(session.id);
      const number = Number(/^(\d+)\.seg$/.exec(name)?.[1]);
      const place = name.endsWith(".seg") ? `segment ${number}, bytes` : name.replace(".json", "");
      expect({ name, code: bad.code, out: bad.out.toString() }).toEqual({
        name,
        code: 1,
        out: expect.stringContaining(place),
      });
      await writeFile(join(folder, name), bytes);
    }
    expect((await verify(session.id)).code).toBe(0);
  }, 60_000);
});
