import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type Action,
  type Actor,
  type Delivery,
  endpoint,
  Fault,
  Name,
  type Occurrence,
  plain,
  type Runtime,
  run,
  unaudited,
} from "./index.ts";
import { secret } from "./fields.ts";

const ID = "00000000-0000-7000-8000-000000000009";
const person = (...permissions: string[]): Actor => ({
  kind: "person",
  id: ID,
  name: "Ann",
  orgId: ID,
  address: "10.0.0.1",
  via: "console",
  permissions: new Set(permissions),
  signInId: null,
});
const nobody: Actor = { ...person(), kind: "anonymous", id: null, orgId: null, name: "anonymous" };

/** A database that is a list of words; a transaction works on a copy and keeps it only if it ends well. */
function createWorld() {
  const steps: string[] = [];
  let rows: string[] = [];
  let events: Occurrence[] = [];
  type Rows = { name: "pool" | "tx"; rows: string[]; events: Occurrence[] };
  const pool: Rows = { name: "pool", rows, events };
  const runtime: Runtime<Rows> = {
    db: pool,
    now: () => (steps.push("now"), new Date(1000)),
    async transaction(work) {
      steps.push("begin");
      const tx: Rows = { name: "tx", rows: [...rows], events: [...events] };
      try {
        const answer = await work(tx);
        rows = tx.rows;
        events = tx.events;
        steps.push("commit");
        return answer;
      } catch (error) {
        steps.push("rollback");
        throw error;
      }
    },
    async record(db, occurrence) {
      steps.push(`record ${occurrence.outcome}`);
      db.events.push(structuredClone({ ...occurrence, actor: { ...occurrence.actor, permissions: new Set() } }));
    },
  };
  return { runtime, steps, rows: () => rows, events: () => events };
}
type Rows = ReturnType<typeof createWorld>["runtime"]["db"];

const write = endpoint({
  route: "POST /words",
  name: "word.add",
  title: "Add a word",
  input: z.object({ word: Name, password: secret(z.string().max(20)).optional() }),
  output: z.object({ word: plain(z.string()) }),
});
const read = endpoint({ ...write, route: "GET /words", name: "word.list" });

const adding = (changes: Partial<Action<Rows, typeof write.input, typeof write.output>> = {}) =>
  ({
    endpoint: write,
    access: "granted",
    run: async ({ db }, { word }) => {
      db.rows.push(word);
      return { word };
    },
    ...changes,
  }) satisfies Action<Rows, typeof write.input, typeof write.output>;

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => ((await failure(promise)) as Fault | null)?.code;

describe("run", () => {
  test("asks for permission, validates, prepares, opens the transaction, works, records, commits, delivers: in this order", async () => {
    const { runtime, steps, events } = createWorld();
    const delivery: Delivery = { kind: "sign-out" };
    const action = adding({
      before: async ({ db }) => void steps.push(`before on ${db.name}`),
      run: async ({ db, deliver }, { word }) => {
        steps.push(`run on ${db.name}`);
        deliver(delivery);
        return { word };
      },
    });
    const answer = await run(runtime, action, person("word.add"), { word: " a " }, (one) =>
      steps.push(`deliver ${one.kind}`),
    );
    expect(answer).toEqual({ word: "a" });
    expect(steps).toEqual(["now", "before on pool", "begin", "run on tx", "record ok", "commit", "deliver sign-out"]);
    expect(events()).toMatchObject([
      { action: "word.add", outcome: "ok", actor: { name: "Ann" }, fields: { input: { word: "a" } } },
    ]);
  });

  test("a denied attempt is neither validated nor prepared, and is recorded without input", async () => {
    const { runtime, steps, events } = createWorld();
    const action = adding({ before: async () => void steps.push("before") });
    expect(await codeOf(run(runtime, action, person("word.list"), { word: 7 }))).toBe("denied");
    expect(steps).toEqual(["begin", "record denied", "commit"]);
    expect(events()).toMatchObject([{ outcome: "denied", fields: { reason: expect.stringContaining('"word.add"') } }]);
    expect(events()[0]?.fields).not.toHaveProperty("input");
  });

  test("an invalid attempt is recorded without input, and does not quote it", async () => {
    const { runtime, steps, events } = createWorld();
    const fault = (await failure(
      run(runtime, adding(), person("word.add"), { word: "w", password: "hunter2".repeat(9) }),
    )) as Fault;
    expect([fault.code, fault.status]).toEqual(["invalid", 422]);
    expect(fault.message).toMatch(/^password: /);
    expect(fault.details).toEqual({ problems: [{ path: "password", message: expect.any(String) }] });
    expect(JSON.stringify([fault.message, fault.details, events()])).not.toContain("hunter2");
    expect(steps).toEqual(["begin", "record invalid", "commit"]);
  });

  test("what strangers send amiss fills no trail", async () => {
    const { runtime, events } = createWorld();
    const action = adding({ access: "anonymous" });
    for (const input of [{}, { word: "a\0b" }])
      expect(await codeOf(run(runtime, action, nobody, input))).toBe("invalid");
    expect(events()).toEqual([]);
  });

  test("text that no database can hold is invalid, wherever it stands", async () => {
    const { runtime, steps } = createWorld();
    expect(await codeOf(run(runtime, adding(), person("word.add"), { word: "w", password: "a\0b" }))).toBe("invalid");
    expect(steps).toEqual(["begin", "record invalid", "commit"]);
  });

  test("a failure leaves no row and no ok event, and is recorded on its own", async () => {
    const { runtime, steps, rows, events } = createWorld();
    const action = adding({
      async run({ db, about, note }) {
        db.rows.push("lost");
        about({ kind: "word", id: ID, name: "w" });
        note({ fact: 1 });
        throw new Fault("conflict", "Taken.");
      },
    });
    expect(await codeOf(run(runtime, action, person("word.add"), { word: "w" }))).toBe("conflict");
    expect(steps).toEqual(["now", "begin", "rollback", "begin", "record conflict", "commit"]);
    expect(rows()).toEqual([]);
    expect(events()).toMatchObject([
      { outcome: "conflict", target: { kind: "word", id: ID }, fields: { fact: 1, input: { word: "w" } } },
    ]);
  });

  test("a commit that fails after the event was written leaves an error event only", async () => {
    const { runtime, events } = createWorld();
    let first = true;
    const failing: typeof runtime = {
      ...runtime,
      transaction: (work) =>
        runtime.transaction(async (db) => {
          const answer = await work(db);
          if (!first) return answer;
          first = false;
          throw new Error("serialization");
        }),
    };
    expect(await failure(run(failing, adding(), person("word.add"), { word: "w" }))).toEqual(
      new Error("serialization"),
    );
    expect(events().map(({ outcome }) => outcome)).toEqual(["error"]);
  });

  test("an error that is no Fault is recorded as error, without its text, and passed on", async () => {
    const { runtime, events } = createWorld();
    const action = adding({ run: async () => Promise.reject(new Error("row (hunter2) is bad")) });
    expect(await failure(run(runtime, action, person("word.add"), { word: "w" }))).toEqual(
      new Error("row (hunter2) is bad"),
    );
    expect(events()).toMatchObject([{ outcome: "error" }]);
    expect(JSON.stringify(events())).not.toContain("hunter2");
  });

  test("a failure of `before` is recorded, and opens no transaction for the work", async () => {
    const { runtime, steps } = createWorld();
    const action = adding({ before: async () => Promise.reject(new Fault("unauthenticated", "No.")) });
    expect(await codeOf(run(runtime, action, person("word.add"), { word: "w" }))).toBe("unauthenticated");
    expect(steps).toEqual(["now", "begin", "record unauthenticated", "commit"]);
  });

  test("nothing is delivered when the work or the commit fails", async () => {
    const { runtime } = createWorld();
    const delivered: Delivery[] = [];
    const action = adding({
      async run({ deliver }) {
        deliver({ kind: "sign-in", token: "t", expiresAt: new Date() });
        throw new Fault("conflict", "No.");
      },
    });
    await failure(run(runtime, action, person("word.add"), { word: "w" }, (one) => delivered.push(one)));
    expect(delivered).toEqual([]);
  });

  test("what the schema does not name is not in the answer; an answer that breaks its promise fails and rolls back", async () => {
    const { runtime, rows, events } = createWorld();
    const leaking = adding({ run: async () => ({ word: "w", password_hash: "x" }) as { word: string } });
    expect(await run(runtime, leaking, person("word.add"), { word: "w" })).toEqual({ word: "w" });
    const broken = adding({
      async run({ db }) {
        db.rows.push("lost");
        return { word: 7 } as unknown as { word: string };
      },
    });
    expect(await failure(run(runtime, broken, person("word.add"), { word: "w" }))).toBeInstanceOf(z.ZodError);
    expect(rows()).toEqual([]);
    expect(events().map(({ outcome }) => outcome)).toEqual(["ok", "error"]);
  });

  test("a read uses no transaction and leaves no event, unless it is denied", async () => {
    const { runtime, steps, events } = createWorld();
    const action = adding({ endpoint: read, run: async ({ db }) => ({ word: db.name }) });
    expect(await run(runtime, action, person("word.list"), { word: "w" })).toEqual({ word: "pool" });
    expect(await codeOf(run(runtime, action, person("word.list"), {}))).toBe("invalid");
    expect(steps).toEqual(["now"]);
    expect(await codeOf(run(runtime, action, person(), { word: "w" }))).toBe("denied");
    expect(events()).toMatchObject([{ action: "word.list", outcome: "denied" }]);
  });

  test("the event is written for the actor who was found out, and for the other when it fails", async () => {
    const { runtime, events } = createWorld();
    const found = { ...person(), name: "Found" };
    const action = adding({
      access: "anonymous",
      async run({ actAs }, { word }) {
        actAs(found);
        if (word === "bad") throw new Fault("denied", "No.");
        return { word };
      },
    });
    await run(runtime, action, nobody, { word: "w" });
    await failure(run(runtime, action, nobody, { word: "bad" }));
    expect(events().map(({ actor, outcome }) => `${actor.name} ${outcome}`)).toEqual(["Found ok", "Found denied"]);
  });

  test("secrets in the input are hidden in the event", async () => {
    const { runtime, events } = createWorld();
    await run(runtime, adding(), person("word.add"), { word: "w", password: "hunter2" });
    expect(events()[0]?.fields).toEqual({ input: { word: "w", password: "[hidden]" } });
  });
});

describe("who may call", () => {
  const system: Actor = { ...person(), kind: "system" };

  async function may(access: "granted" | "signed-in" | "anonymous", actor: Actor): Promise<unknown> {
    return (await codeOf(run(createWorld().runtime, adding({ access }), actor, { word: "w" }))) ?? "yes";
  }

  test.each([
    ["anonymous", "yes", "yes", "yes", "yes"],
    ["signed-in", "unauthenticated", "yes", "yes", "yes"],
    ["granted", "unauthenticated", "denied", "yes", "yes"],
  ] as const)("%s: nobody %s, a person %s, one who holds it %s, the system %s", async (access, ...expected) => {
    const actors = [nobody, person("word.adding", "word"), person("word.add"), system];
    expect(await Promise.all(actors.map((actor) => may(access, actor)))).toEqual(expected);
  });

  test("nobody leaves no event where nobody may call, and neither does a fault that says so", async () => {
    for (const access of ["granted", "signed-in"] as const) {
      const { runtime, steps } = createWorld();
      expect(await codeOf(run(runtime, adding({ access }), nobody, { word: "w" }))).toBe("unauthenticated");
      expect(steps).toEqual([]);
    }
    const { runtime, events } = createWorld();
    const faults = [unaudited(new Fault("too_many", "Later.")), new Fault("too_many", "Later.")];
    for (const fault of faults) {
      const action = adding({ access: "anonymous", before: () => Promise.reject(fault) });
      expect(await codeOf(run(runtime, action, nobody, { word: "w" }))).toBe("too_many");
    }
    expect(events().map(({ outcome }) => outcome)).toEqual(["too_many"]);
  });

  test("nobody stays nobody, whatever permissions are written beside", async () => {
    expect(await may("granted", { ...nobody, permissions: new Set(["word.add"]) })).toBe("unauthenticated");
  });
});

describe("a sensitive act", () => {
  const DAY_MS = 86_400_000;
  const MINUTE_MS = 60_000;
  /** `createWorld` stands at this moment. */
  const NOW = 1000;

  async function after(proof: "signIn" | "password" | "secondFactor", ms: number): Promise<unknown> {
    const { runtime } = createWorld();
    const proved = { signIn: new Date(NOW), password: null, secondFactor: null, [proof]: new Date(NOW - ms) };
    const action = adding({ confirm: { level: "password", minutes: 5 } });
    return (await codeOf(run(runtime, action, { ...person("word.add"), proved }, { word: "w" }))) ?? "yes";
  }

  test("takes a proof of its level or a stronger one, and never a weaker one", async () => {
    expect([await after("signIn", 0), await after("password", 0), await after("secondFactor", 0)]).toEqual([
      "unconfirmed",
      "yes",
      "yes",
    ]);
  });

  test("counts whole days too: a proof of yesterday is no proof of this minute", async () => {
    const ages = [5 * MINUTE_MS, 5 * MINUTE_MS + 1, DAY_MS, DAY_MS + MINUTE_MS, 30 * DAY_MS];
    const codes = [];
    for (const age of ages) codes.push(await after("password", age));
    expect(codes).toEqual(["yes", "unconfirmed", "unconfirmed", "unconfirmed", "unconfirmed"]);
  });

  test("is nothing for who proved nothing: an API key stands for no person", async () => {
    const action = adding({ confirm: { level: "sign-in", minutes: 5 } });
    const key = { ...person("word.add"), scopes: new Set(["word.add"]) };
    expect(await codeOf(run(createWorld().runtime, action, key, { word: "w" }))).toBe("unconfirmed");
  });
});
