import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUTHORITY, type Authority, makeAuthority, type Pair, PERSON } from "../../../../test/support/providers/pki.ts";
import { certificate } from "./certificate.ts";
import { isListOf, listsIn } from "./crl.ts";
import { elementsOf, Malformed } from "./der.ts";
import { fieldsOf } from "./names.ts";
import { checkCertificate } from "./verify.ts";

let root: Authority;
let issuing: Authority;
let twin: Authority;
let mute: Authority;
let alice: Pair;

beforeAll(async () => {
  root = await makeAuthority("Root");
  issuing = await makeAuthority("Issuing", { above: root });
  twin = await makeAuthority("Root");
  mute = await makeAuthority("Mute", {
    extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
  });
  alice = await issuing.issue({ subject: "/CN=alice" });
  await issuing.revoke(alice);
}, 60_000);
afterAll(async () => {
  for (const one of [root, issuing, twin, mute]) await one?.close();
});

const parsed = (pem: string): X509Certificate => new X509Certificate(pem);
const problemsOf = (settings: Record<string, unknown>): string[] => {
  const { error } = certificate.settings.safeParse(settings);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

describe("settings", () => {
  test("take authorities up to the root, and a list of each", async () => {
    const authorities = issuing.cert + root.cert;
    const revocationLists = (await issuing.list()) + (await root.list(24, "first"));
    expect(problemsOf({ authorities, revocationLists })).toEqual([]);
    expect(problemsOf({ authorities: root.cert })).toEqual([]);
  });

  test("say what is wrong", async () => {
    const [both, lists] = [issuing.cert + root.cert, await issuing.list()];
    expect(problemsOf({ authorities: "" })).toEqual([expect.stringContaining("Paste the certificate")]);
    expect(problemsOf({ authorities: "x" })).toEqual([expect.stringContaining("PEM")]);
    expect(problemsOf({ authorities: alice.cert + both })).toEqual([expect.stringContaining("no certificate of an")]);
    expect(problemsOf({ authorities: issuing.cert })).toEqual([expect.stringContaining("above one of these")]);
    expect(problemsOf({ authorities: issuing.cert + twin.cert })).toEqual([expect.stringContaining("above one of")]);
    expect(problemsOf({ authorities: root.cert.repeat(11) })).toEqual([expect.stringContaining("At most 10")]);
    const withLists = (revocationLists: string) => problemsOf({ authorities: both, revocationLists });
    expect(withLists("x")).toEqual([expect.stringContaining("Not lists")]);
    expect(withLists(lists + (await root.list(24, "part")))).toEqual([expect.stringContaining("Not lists")]);
    expect(withLists(lists)).toEqual([expect.stringContaining("one of the authorities is missing")]);
    expect(withLists(lists + (await twin.list()))).toEqual([expect.stringContaining("not signed by")]);
    expect(problemsOf({ authorities: mute.cert, revocationLists: await mute.list() })).toEqual([
      expect.stringContaining("not signed by"),
    ]);
  });
});

describe("a list of revoked certificates", () => {
  test("counts only as its authority signed it", async () => {
    const pem = await issuing.list();
    const [list] = listsIn(pem)!;
    expect([...list!.serials]).toEqual([parsed(alice.cert).serialNumber.toLowerCase().replace(/^0+/, "")]);
    expect(isListOf(list!, parsed(issuing.cert))).toBe(true);
    expect(isListOf(list!, parsed(root.cert))).toBe(false);
    const bytes = Buffer.from(list!.signed);
    bytes[bytes.length - 1]! ^= 1;
    expect(isListOf({ ...list!, signed: bytes }, parsed(issuing.cert))).toBe(false);
    const [namesake] = listsIn(await twin.list())!;
    expect(isListOf(namesake!, parsed(root.cert))).toBe(false);
  });

  test("takes back what a list of version 1 names as well", async () => {
    const trust = { authorities: [issuing, root].map(({ cert }) => parsed(cert)), now: new Date() };
    const bytes = parsed(alice.cert).raw;
    expect(checkCertificate(bytes, { ...trust, lists: "" }).fields.distinguishedName).toBe("CN=alice");
    for (const kind of ["whole", "first"] as const) {
      const lists = await issuing.list(24, kind);
      expect(() => checkCertificate(bytes, { ...trust, lists })).toThrow(/took it back/);
    }
    // Another authority's list says nothing of it: nobody knows.
    const lists = await root.list();
    expect(() => checkCertificate(bytes, { ...trust, lists })).toThrow(/out of date/);
  });
});

describe("names in a certificate", () => {
  test("are written so that none reads as another", async () => {
    const written = async (subject: string) => {
      const { cert } = await root.issue({ subject });
      return fieldsOf(parsed(cert).raw).distinguishedName;
    };
    expect(await written("/O=a/CN=b")).toBe("CN=b,O=a");
    expect(await written("/CN=b,O=a")).toBe("CN=b\\,O\\=a");
    expect(await written("/CN=b\\\\,O=a")).toBe("CN=b\\\\\\,O\\=a");
    expect(await written("/CN=Zoë Müller/UID=zoe")).toBe("UID=zoe,CN=Zoë Müller");
  });

  test("with control characters, or in a text of another age, are not read", async () => {
    const { cert } = await root.issue({ subject: "/CN=alice-x" });
    const changed = (from: string, to: string): Buffer =>
      Buffer.from(parsed(cert).raw.toString("latin1").replace(from, to), "latin1");
    expect(fieldsOf(changed("alice-x", "alice-y")).commonNames).toEqual(["alice-y"]);
    for (const odd of ["alice\0x", "alice\nx", "alice\xffx"]) {
      expect(() => fieldsOf(changed("alice-x", odd))).toThrow(Malformed);
    }
    expect(() => fieldsOf(changed("\x0c\x07alice-x", "\x14\x07alice-x"))).toThrow(Malformed);
  });

  test("the key usage says who signs lists", () => {
    expect([root, mute].map(({ cert }) => fieldsOf(parsed(cert).raw).signsLists)).toEqual([true, false]);
    expect(AUTHORITY.join()).toContain("cRLSign");
  });
});

describe("whatever the bytes are", () => {
  test("lengths must be exact and as short as can be", () => {
    for (const hex of ["30", "3081", "300100ff", "308000", "30810100", "30820001ff", "1f8101", "3085000000000100"]) {
      expect(() => [...elementsOf(Buffer.from(hex, "hex"))]).toThrow(Malformed);
    }
    expect([...elementsOf(Buffer.from("0500020101", "hex"))].map(({ tag }) => tag)).toEqual([5, 2]);
  });

  test("a changed certificate or list is read or Malformed, never another error, and never takes long", async () => {
    const extensions = [...PERSON, "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.test,email:a@b.test"];
    const { cert } = await root.issue({ subject: "/CN=alice", extensions });
    const [own] = [parsed(cert).raw];
    const list = Buffer.from((await issuing.list()).replace(/-----[^-]+-----|\s/g, ""), "base64");
    const pemOf = (bytes: Buffer): string =>
      `-----BEGIN X509 CRL-----\n${bytes.toString("base64")}\n-----END X509 CRL-----`;
    let read = 0;
    const others: unknown[] = [];
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(round % 2 === 0 ? own : list);
      for (let flips = round % 3; flips >= 0; flips--) {
        bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
      }
      const cut = round % 7 === 0 ? bytes.subarray(0, Math.floor(Math.random() * bytes.length)) : bytes;
      try {
        if (round % 2 === 0) fieldsOf(cut);
        else if (!listsIn(pemOf(cut))) continue;
        read++;
      } catch (error) {
        if (!(error instanceof Malformed)) others.push(error);
      }
    }
    expect(others).toEqual([]);
    expect(read).toBeGreaterThan(100);
  }, 30_000);
});
