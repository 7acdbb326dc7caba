import { describe, expect, it } from "vitest";
import { compareFingerprint, type HostKey, keyPairs } from "./host-key-pairs.ts";

const OFFERED = "SHA256:lRApkAxM5L3wbSGlyfe/Ck7zMTlp6ayaStG3tTsCr1U";

const key = (state: HostKey["state"], fingerprint: string, port = 22, host = "10.0.0.1"): HostKey => ({
  host,
  port,
  state,
  algorithm: "ssh-ed25519",
  fingerprint,
  seenAt: "2026-01-01T00:00:00Z",
});
const ssh = [{ kind: "ssh", port: 22, settings: {} }];

describe("comparing a fingerprint", () => {
  it.each([
    [OFFERED, "same"],
    ["lRApkAxM5L3wbSGlyfe/Ck7zMTlp6ayaStG3tTsCr1U", "same"],
    ["  sha256:lRApkAxM5L3wbSGlyfe/ Ck7zMTlp6ayaStG3tTsCr1U=", "same"],
    ["G3tTsCr1U", "same"],
    ["3tTsCr1", "short"],
    ["", "short"],
    ["SHA256:", "short"],
    ["g3ttscr1u", "other"],
    ["lRApkAxM5L3w", "other"],
    [`x${OFFERED}`, "other"],
  ])("%s is %s", (typed, result) => expect(compareFingerprint(typed, OFFERED)).toBe(result));
});

describe("pairs of host keys", () => {
  it("has a place for a protocol that no key was seen for", () => {
    expect(keyPairs({ host: "10.0.0.1", protocols: ssh, hostKeys: [] })).toEqual([
      { host: "10.0.0.1", port: 22, pinned: null, offered: null, differs: false },
    ]);
  });

  it("differs only when another key than the pinned one was offered", () => {
    const [same] = keyPairs({ host: "10.0.0.1", protocols: ssh, hostKeys: [key("pinned", "A"), key("offered", "A")] });
    const [other] = keyPairs({ host: "10.0.0.1", protocols: ssh, hostKeys: [key("pinned", "A"), key("offered", "B")] });
    expect([same!.differs, other!.differs]).toEqual([false, true]);
  });

  it("keeps ports and hosts apart", () => {
    const hostKeys = [key("pinned", "A"), key("offered", "B", 2222), key("pinned", "C", 22, "10.0.0.9")];
    const pairs = keyPairs({ host: "10.0.0.1", protocols: ssh, hostKeys });
    expect(
      pairs.map(({ host, port, pinned, offered }) => [host, port, pinned?.fingerprint, offered?.fingerprint]),
    ).toEqual([
      ["10.0.0.1", 22, "A", undefined],
      ["10.0.0.1", 2222, undefined, "B"],
      ["10.0.0.9", 22, "C", undefined],
    ]);
  });
});
