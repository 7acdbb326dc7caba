import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backoff, createLink, type LinkState, type Wire } from "./link.ts";

const ID = "0190a000-0000-7000-8000-000000000001";
const opened = {
  type: "opened",
  sessionId: ID,
  asset: "web-1",
  account: "root",
  recorded: true,
  startedAt: "2026-11-21T10:00:00Z",
  until: null,
};

function setUp() {
  const wires: (Wire & { sent: unknown[]; closed: boolean; asked: string })[] = [];
  const dial = (asked: string) => {
    const wire = {
      readyState: 1,
      onopen: null,
      onmessage: null,
      onclose: null,
      sent: [] as unknown[],
      closed: false,
      asked,
      send: (data: unknown) => void wire.sent.push(data),
      close: () => void (wire.closed = true),
    };
    wires.push(wire);
    return wire as unknown as Wire;
  };
  const states: LinkState[] = [];
  const calls = { bytes: [] as string[], redraws: 0, sessions: [] as (string | null)[] };
  const link = createLink({
    open: ({ cols, rows }) => dial(`open ${cols}x${rows}`),
    resume: (id) => dial(`resume ${id}`),
    size: () => ({ cols: 100, rows: 30 }),
    bytes: (bytes) => void calls.bytes.push(new TextDecoder().decode(bytes)),
    redraw: () => void (calls.redraws += 1),
    resized: () => undefined,
    changed: (state) => void states.push(state),
    session: (id) => void calls.sessions.push(id),
  });
  const say = (notice: object, at = wires.length - 1) => wires[at]!.onmessage?.({ data: JSON.stringify(notice) });
  const hangUp = (code = 1006) => wires.at(-1)!.onclose?.({ code });
  return { link, wires, states, calls, say, hangUp };
}

describe("terminal link", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("opens, shows bytes, sends keys only while it is live", () => {
    const { link, wires, calls, say } = setUp();
    link.start(null);
    expect(wires[0]!.asked).toBe("open 100x30");
    link.input(new Uint8Array([65]));
    expect(wires[0]!.sent).toEqual([]);
    say(opened);
    expect(link.state.kind).toBe("live");
    expect(calls.sessions).toEqual([ID]);
    wires[0]!.onmessage?.({ data: new TextEncoder().encode("hello").buffer });
    link.input(new Uint8Array([65]));
    expect(calls.bytes).toEqual(["hello"]);
    expect(wires[0]!.sent).toEqual([new Uint8Array([65])]);
    expect(calls.redraws).toBe(0);
  });

  test("takes the session up again after a lost connection, and draws anew", async () => {
    const { link, wires, calls, say, hangUp } = setUp();
    link.start(null);
    say(opened);
    hangUp();
    expect(link.state).toMatchObject({ kind: "lost", tries: 1 });
    await vi.advanceTimersByTimeAsync(backoff(0));
    expect(wires[1]!.asked).toBe(`resume ${ID}`);
    say(opened);
    expect(link.state.kind).toBe("live");
    expect(calls.redraws).toBe(1);
  });

  test("gives up after the server has let go of the session", async () => {
    const { link, wires, say, hangUp } = setUp();
    link.start(null);
    say(opened);
    for (let round = 0; round < 40 && link.state.kind !== "fault"; round += 1) {
      hangUp();
      await vi.advanceTimersByTimeAsync(5000);
    }
    expect(link.state.kind).toBe("fault");
    const dialled = wires.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires.length).toBe(dialled);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("notices a connection that died without a word", async () => {
    const { link, say, wires } = setUp();
    link.start(null);
    say(opened);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(wires[0]!.sent).toEqual([JSON.stringify({ type: "ping" })]);
    say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(14_000);
    expect(link.state.kind).toBe("live");
    await vi.advanceTimersByTimeAsync(11_500);
    expect(link.state.kind).toBe("lost");
    link.drop();
  });

  test("keeps what the gate says while it connects, into the session", () => {
    const { link, say } = setUp();
    link.start(null);
    say({ type: "notice", text: "Bob was asked." });
    expect(link.state).toEqual({ kind: "connecting", notice: "Bob was asked." });
    say(opened);
    expect(link.state).toMatchObject({ kind: "live", notice: "Bob was asked." });
    link.drop();
  });

  test("does not fight another window for the session, but can take it back", () => {
    const { link, wires, say, hangUp } = setUp();
    link.start(ID);
    say(opened);
    hangUp(4000);
    expect(link.state.kind).toBe("elsewhere");
    expect(vi.getTimerCount()).toBe(0);
    link.retry();
    expect(wires.at(-1)!.asked).toBe(`resume ${ID}`);
    link.drop();
  });

  test("a fault and an end are final, and the id is forgotten", () => {
    const { link, calls, say, wires } = setUp();
    link.start(null);
    say({ type: "fault", code: "upstream", message: "No answer." });
    expect(link.state).toEqual({ kind: "fault", code: "upstream", message: "No answer." });
    expect(wires[0]!.closed).toBe(true);
    link.start(null);
    say(opened);
    say({ type: "ended", reason: "exited", detail: null, exitCode: 3 });
    expect(link.state).toEqual({ kind: "ended", reason: "exited", detail: null, exitCode: 3 });
    expect(calls.sessions).toEqual([null, ID, null]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a refused opening is a fault, not a loop", () => {
    const { link, wires, hangUp } = setUp();
    link.start(null);
    hangUp();
    expect(link.state).toMatchObject({ kind: "fault", code: "unavailable" });
    expect(wires.length).toBe(1);
  });

  test("tells who watches", () => {
    const { link, say } = setUp();
    link.start(null);
    say(opened);
    say({ type: "watchers", names: ["Ada"] });
    expect(link.state).toMatchObject({ kind: "live", watchers: ["Ada"] });
    link.drop();
  });

  test("tells what the gate says beside the stream, whoever comes to watch, until the session is over", () => {
    const { link, say } = setUp();
    link.start(null);
    say(opened);
    say({ type: "notice", text: "It will be closed in 5 minutes." });
    say({ type: "watchers", names: ["Ada"] });
    expect(link.state).toMatchObject({ kind: "live", notice: "It will be closed in 5 minutes.", watchers: ["Ada"] });
    say({ type: "ended", reason: "expired", detail: "Over.", exitCode: null });
    expect(link.state).toEqual({ kind: "ended", reason: "expired", detail: "Over.", exitCode: null });
  });
});
