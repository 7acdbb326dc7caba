import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LiveRequest, Standing } from "../../assets/index.ts";
import { createAudience } from "./audience.ts";
import { createLiveSessions, type EndCause, type LiveSession } from "./live-sessions.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const REVOKED: EndCause = { reason: "revoked", detail: "The permission for this session ended." };

const EXPIRED: EndCause = { reason: "expired", detail: "The time of the permission for this session is over." };

function stage(answer: (request: LiveRequest) => Partial<Standing> = () => ({ allowed: true })) {
  const asked: string[][] = [];
  const failures: unknown[] = [];
  const state = { answer, hold: Promise.resolve() };
  const live = createLiveSessions({
    async ask(requests) {
      asked.push(requests.map(({ userId }) => userId));
      await state.hold;
      const nothing = { allowed: false, outlives: null, byClock: false, gave: new Map(), nextChange: null };
      return requests.map((request) => ({ ...nothing, ...state.answer(request) }));
    },
    failed: (error) => void failures.push(error),
  });
  let count = 0;
  function session(nextChange: Date | null = null) {
    const name = `user-${++count}`;
    const causes: EndCause[] = [];
    const told: LiveSession["outlives"][] = [];
    return {
      id: name,
      userId: name,
      request: {
        orgId: "o",
        userId: name,
        assetId: "a",
        accountId: "c",
        protocol: "ssh",
        action: "connect",
        address: null,
        method: "ssh-client",
      },
      audience: createAudience({ size: { cols: 80, rows: 24 }, screen: false }),
      nextChange,
      gave: new Map<string, number>(),
      outlives: null,
      causes,
      heard: told,
      told: (outlives) => void told.push(outlives),
      end: async (cause) => void causes.push(cause),
    } satisfies LiveSession & { causes: EndCause[]; heard: LiveSession["outlives"][] };
  }
  return { live, asked, failures, state, session };
}

describe("who cannot be asked", () => {
  test("ends all sessions after 30 seconds, asked once a second; an answer meanwhile counts", async () => {
    const { live, asked, failures, state, session } = stage();
    const one = session();
    live.add(one);
    const { answer } = state;
    state.answer = () => {
      throw new Error("the database is away");
    };
    await live.recheck();
    await vi.advanceTimersByTimeAsync(20_000);
    expect([asked.length, failures.length]).toEqual([21, 21]);
    state.answer = answer;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.causes).toEqual([]);
    state.answer = () => {
      throw new Error("the database is away again");
    };
    await live.recheck();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(one.causes).toEqual([]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(one.causes[0]).toMatchObject({ reason: "gateway_stopped" });
    live.stop();
  });

  test("is not asked without end when a rule's end has passed", async () => {
    const { live, asked, state, session } = stage();
    live.add(session(new Date(Date.now() + 500)));
    state.answer = () => {
      throw new Error("the database is away");
    };
    await vi.advanceTimersByTimeAsync(5_600);
    expect(asked).toHaveLength(6);
    live.stop();
  });
});

describe("rights are asked for again", () => {
  test("every 30 seconds, although sessions keep coming and going", async () => {
    const { live, asked, session } = stage();
    const first = session();
    live.add(first);
    for (let second = 0; second < 65; second++) {
      const leave = live.add(session());
      await vi.advanceTimersByTimeAsync(1000);
      leave();
    }
    expect(asked).toHaveLength(2);
    expect(asked.every((users) => users.includes(first.userId))).toBe(true);
    live.stop();
  });

  test("30 seconds after the first session came, however long there was none", async () => {
    const { live, asked, session } = stage();
    await vi.advanceTimersByTimeAsync(100_000);
    live.add(session());
    await vi.advanceTimersByTimeAsync(29_900);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveLength(1);
    live.stop();
  });

  test("when a rule starts or ends, and at the change that the answer names", async () => {
    const { live, asked, state, session } = stage();
    const start = Date.now();
    state.answer = () => ({ allowed: true, nextChange: new Date(start + 8000) });
    live.add(session(new Date(start + 5000)));
    await vi.advanceTimersByTimeAsync(4900);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveLength(1);
    state.answer = () => ({ allowed: true });
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toHaveLength(2);
    live.stop();
  });

  test("once more when told while an answer is under way", async () => {
    const { live, asked, state, session } = stage();
    const gate = Promise.withResolvers<void>();
    state.hold = gate.promise;
    const one = session();
    live.add(one);
    const first = live.recheck();
    await vi.advanceTimersByTimeAsync(1);
    void live.recheck();
    void live.recheck();
    gate.resolve();
    await first;
    expect(asked).toHaveLength(2);
    expect(live.rechecks).toBe(3);
    live.stop();
  });

  test("again after a failure of asking", async () => {
    const { live, asked, failures, state, session } = stage();
    live.add(session());
    state.hold = Promise.reject(new Error("no database"));
    await live.recheck();
    expect(failures).toEqual([new Error("no database")]);
    state.hold = Promise.resolve();
    await vi.advanceTimersByTimeAsync(30_100);
    expect(asked).toHaveLength(2);
    live.stop();
  });

  test("not after the stop, and not for nobody", async () => {
    const { live, asked, session } = stage();
    const leave = live.add(session());
    leave();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toHaveLength(0);
    live.add(session());
    live.stop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("those without a right end, the others do not", async () => {
  const { live, state, session } = stage();
  const [stays, goes] = [session(), session()];
  live.add(stays);
  live.add(goes);
  state.answer = ({ userId }) => ({ allowed: userId === stays.userId });
  await live.recheck();
  expect([stays.causes, goes.causes]).toEqual([[], [REVOKED]]);
  live.stop();
});

describe("when the rules of a session end by the clock", () => {
  const until = new Date("2030-01-01T00:05:00Z");

  test("it is told once how long it goes on, and again when that changes", async () => {
    const { live, state, session } = stage();
    const one = session();
    live.add(one);
    const said = [{ until }, { until: new Date(until) }, { until: null }, { until: null }, null, null];
    for (const outlives of said) {
      state.answer = () => ({ allowed: outlives === null, outlives });
      await live.recheck();
    }
    expect(one.heard).toEqual([{ until }, { until: null }, null]);
    expect(one.causes).toEqual([]);
    live.stop();
  });

  test("it ends as expired when they let it go on no longer, and as revoked when anything else took the right away", async () => {
    const { live, state, session } = stage();
    const [clock, other] = [session(), session()];
    live.add(clock);
    live.add(other);
    state.answer = ({ userId }) => ({ byClock: userId === clock.userId });
    await live.recheck();
    expect([clock.causes, other.causes]).toEqual([[EXPIRED], [REVOKED]]);
    live.stop();
  });

  test("what it remembers of its rules goes into the next question", async () => {
    const { live, state, session } = stage();
    const one = session();
    one.gave = new Map([["r", 1]]);
    live.add(one);
    const seen: LiveRequest["gave"][] = [];
    state.answer = ({ gave }) => {
      seen.push(gave);
      return { allowed: true, gave: new Map([["s", 2]]) };
    };
    await live.recheck();
    await live.recheck();
    expect(seen).toEqual([new Map([["r", 1]]), new Map([["s", 2]])]);
    live.stop();
  });
});

test("a failure of ending one is told and keeps nobody from ending", async () => {
  const { live, failures, state, session } = stage();
  const bad = { ...session(), end: () => Promise.reject(new Error("stuck")) };
  const good = session();
  live.add(bad);
  live.add(good);
  state.answer = () => ({ allowed: false });
  await live.recheck();
  await vi.advanceTimersByTimeAsync(1);
  expect(good.causes).toEqual([REVOKED]);
  expect(failures).toEqual([new Error("stuck")]);
  await live.endAll(REVOKED);
  expect(good.causes).toHaveLength(2);
  live.stop();
});

test("knows those that it holds", () => {
  const { live, session } = stage();
  const one = session();
  const leave = live.add(one);
  expect([live.size, live.ids(), live.get(one.id)]).toEqual([1, [one.id], one]);
  leave();
  expect([live.size, live.ids(), live.get(one.id)]).toEqual([0, [], undefined]);
  live.stop();
});
