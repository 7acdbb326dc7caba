import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answer, startFalseDirectory } from "../../../../test/support/false-directory.ts";
import { BASE, makeCertificate, personLdif, READER, type Slapd, startSlapd } from "../../../../test/support/slapd.ts";
import { startMuteServer } from "../../../../test/support/smtp.ts";
import type { OutsideIdentity } from "../backend.ts";
import { comparedWithLogin, escaped, filterFor } from "./filter.ts";
import { ldap } from "./ldap.ts";
import { ldapSettings } from "./settings.ts";
import { startTlsResult } from "./start-tls.ts";

let slapd: Slapd;
const PEOPLE = `ou=people,${BASE}`;

beforeAll(async () => {
  slapd = await startSlapd();
  await slapd.change(
    [
      personLdif("ann", { more: "mail: ann@example.org\n" }),
      personLdif("bob"),
      personLdif("odd(name)*"),
      `dn: cn=ops,ou=groups,${BASE}\nobjectClass: groupOfNames\ncn: ops\nmember: uid=ann,${PEOPLE}\n`,
      `dn: cn=all,ou=groups,${BASE}\nobjectClass: groupOfNames\ncn: all\nmember: cn=ops,ou=groups,${BASE}\n`,
      `dn: cn=ring,ou=groups,${BASE}\nobjectClass: groupOfNames\ncn: ring\nmember: cn=all,ou=groups,${BASE}\nmember: cn=ring,ou=groups,${BASE}\n`,
      `dn: cn=unix,ou=groups,${BASE}\nobjectClass: posixGroup\ncn: unix\ngidNumber: 1\nmemberUid: bob\n`,
      `dn: uid=disabled,${PEOPLE}
objectClass: inetOrgPerson
objectClass: user
uid: disabled
sAMAccountName: disabled
objectCategory: person
objectGUID:: AAECAwQFBgcICQoLDA0ODw==
userAccountControl: 514
cn: Disabled
sn: Disabled
userPassword: disabled-password
`,
    ].join("\n"),
  );
}, 60_000);
afterAll(() => slapd?.stop());

const settings = (more: object = {}) =>
  ldapSettings.parse({
    servers: [slapd.url],
    caCertificate: slapd.certificate,
    bindDn: READER.dn,
    bindPassword: READER.password,
    bases: [PEOPLE],
    ...more,
  });

const said: string[] = [];
const callWith = (more: object = {}, ms = 15_000) => ({
  settings: settings(more),
  id: "backend",
  signal: AbortSignal.timeout(ms),
  say: (line: string) => void said.push(line),
});
const verify = (loginName: string, password: string, more: object = {}): Promise<OutsideIdentity | null> =>
  ldap.verify(callWith(more), { loginName, password });

describe("a directory (OpenLDAP)", () => {
  test.each(["StartTLS", "LDAPS"])("vouches for whoever gives the right password, over %s", async (way) => {
    const servers = [way === "LDAPS" ? slapd.tlsUrl : slapd.url];
    const ann = await verify("ann", "ann-password", { servers });
    expect(ann).toMatchObject({
      issuer: "ldap:dc=example,dc=org",
      subject: expect.stringMatching(/^[0-9a-f-]{36}$/),
      loginName: "ann",
      name: "Ann Person",
      email: "ann@example.org",
      groups: [`cn=ops,ou=groups,${BASE}`],
      active: true,
    });
    expect(await verify("ANN", "ann-password", { servers })).toEqual(ann);
    expect(await verify("bob", "bob-password", { servers })).toMatchObject({ email: null, groups: [] });
  });

  test("refuses a wrong password, one of somebody else, an empty one, and whom it does not know", async () => {
    expect(await verify("ann", "wrong")).toBeNull();
    expect(await verify("ann", "bob-password")).toBeNull();
    expect(await verify("nobody", "ann-password")).toBeNull();
    expect(await verify("ann", "")).toBeNull();
    expect(await verify("reader", READER.password)).toBeNull();
  });

  test("a name that is written like a filter stands for itself", async () => {
    for (const name of [
      "*",
      "a*",
      "*)(uid=*",
      "*)(uid=ann",
      "ann)(|(uid=*",
      "\\2a",
      "ann\0",
      "x)(userPassword=*",
      "(",
      ")",
    ]) {
      expect([name, await verify(name, "ann-password")]).toEqual([name, null]);
    }
    expect(await verify("odd(name)*", "odd(name)*-password")).toMatchObject({ loginName: "odd(name)*" });
    expect(await verify("ann*", "ann-password", { userFilter: "(|(uid={login})(mail={login}))" })).toBeNull();
  });

  test("finds groups by search, also nested ones and those in a ring; and unix groups", async () => {
    const groups = { groups: "search", groupBases: [`ou=groups,${BASE}`] };
    const names = ["ops", "all", "ring"].map((name) => `cn=${name},ou=groups,${BASE}`);
    expect((await verify("ann", "ann-password", groups))?.groups.toSorted()).toEqual(names.toSorted());
    const flat = await verify("ann", "ann-password", { ...groups, nestedGroups: false });
    expect(flat?.groups).toEqual([names[0]]);
    expect((await verify("bob", "bob-password", groups))?.groups).toEqual([`cn=unix,ou=groups,${BASE}`]);
    expect((await verify("ann", "ann-password", { groups: "none" }))?.groups).toEqual([]);
  });

  test("as Active Directory: known by objectGUID, and disabled by userAccountControl", async () => {
    const found = await verify("disabled", "disabled-password", {
      directory: "active-directory",
      userFilter: "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={login})(userPrincipalName={login})))",
    });
    expect(found).toMatchObject({ subject: "03020100-0504-0706-0809-0a0b0c0d0e0f", active: false, name: "Disabled" });
  });

  test("several people of one name are nobody", async () => {
    await slapd.change(`dn: ou=more,${BASE}\nobjectClass: organizationalUnit\nou: more\n`);
    const twin = personLdif("twin").replaceAll(`ou=people`, "ou=more");
    await slapd.change([personLdif("twin"), twin].join("\n"));
    expect(await verify("twin", "twin-password", { bases: [BASE] })).toBeNull();
    expect(await verify("twin", "twin-password")).not.toBeNull();
    expect(await verify("twin", "twin-password", { bases: [PEOPLE, `ou=more,${BASE}`] })).toBeNull();
  });

  test("lists everybody in pages, beyond what the server gives out at once", async () => {
    const many = Array.from({ length: 700 }, (_, at) => personLdif(`many${at}`));
    await slapd.change([...many, personLdif("nameless").replace("uid: nameless\n", "uid: nameless\n")].join("\n"));
    const found = [];
    for await (const page of ldap.people!(
      callWith({ pageSize: 100, userFilter: "(&(objectClass=inetOrgPerson)(uid={login}))" }),
    )) {
      expect(page.length).toBeLessThanOrEqual(100);
      found.push(...page);
    }
    expect(found.length).toBeGreaterThan(700);
    expect(new Set(found.map((one) => ("subject" in one ? one.subject : one.label))).size).toBe(found.length);
  });

  test("the test tells what is found, and what is wrong with the settings", async () => {
    said.length = 0;
    await ldap.check(callWith());
    expect(said.join("\n")).toMatch(
      /the certificate is trusted[\s\S]*Reading as cn=reader[\s\S]*People are found below/,
    );
    expect(said.join("\n")).not.toContain(READER.password);
    await expect(ldap.check(callWith({ bases: [`ou=nothing,${BASE}`] }))).rejects.toThrow(/there is no such entry/);
    await expect(ldap.check(callWith({ bases: [`ou=groups,${BASE}`] }))).rejects.toThrow(/Nobody is found/);
    await expect(ldap.check(callWith({ bindPassword: "wrong" }))).rejects.toThrow(/or its password, is wrong/);
    await expect(ldap.check(callWith({ subjectAttribute: "employeeNumber" }))).rejects.toThrow(/has no employeeNumber/);
  });
});

describe("a server that cannot be trusted or reached", () => {
  test("a certificate that nobody vouches for, of another name, or out of date", async () => {
    await expect(verify("ann", "ann-password", { caCertificate: "" })).rejects.toThrow(/is not trusted/);
    await expect(verify("ann", "ann-password", { caCertificate: "", servers: [slapd.tlsUrl] })).rejects.toThrow(
      /is not trusted/,
    );
    const cases = [
      { certificate: await makeCertificate({ name: "elsewhere.example" }), words: /is not trusted/ },
      { certificate: await makeCertificate({ days: -1 }), words: /has expired/ },
    ];
    for (const { certificate, words } of cases) {
      const other = await startSlapd({ certificate });
      try {
        for (const servers of [[other.url], [other.tlsUrl]]) {
          await expect(verify("ann", "x", { servers, caCertificate: certificate.cert })).rejects.toThrow(words);
        }
      } finally {
        await other.stop();
      }
    }
  }, 30_000);

  test("is left for the next one: down, silent, or refusing us; and waiting has an end", async () => {
    const mute = await startMuteServer();
    try {
      const down = "ldaps://127.0.0.1:1";
      const silent = `ldap://127.0.0.1:${mute.port}`;
      const servers = [down, silent, slapd.url];
      expect(await verify("ann", "ann-password", { servers, timeoutSeconds: 1 })).toMatchObject({ loginName: "ann" });
      await expect(verify("ann", "x", { servers: [down] })).rejects.toMatchObject({
        code: "upstream",
        message: /Nobody answers/,
      });
      for (const security of ["starttls", "none"]) {
        const began = Date.now();
        const more = { servers: [silent], timeoutSeconds: 1, security };
        await expect(verify("ann", "x", more)).rejects.toMatchObject({ code: "timeout" });
        expect(Date.now() - began).toBeLessThan(3000);
      }
      const tlsSilent = { servers: [silent.replace("ldap:", "ldaps:")], timeoutSeconds: 1 };
      await expect(verify("ann", "x", tlsSilent)).rejects.toMatchObject({ code: "timeout" });
      const began = Date.now();
      const call = callWith({ servers: [silent, silent, silent], timeoutSeconds: 5, security: "none" }, 700);
      await expect(ldap.verify(call, { loginName: "ann", password: "x" })).rejects.toMatchObject({ code: "timeout" });
      expect(Date.now() - began).toBeLessThan(2000);
    } finally {
      await mute.stop();
    }
  }, 30_000);

  test("a server that stops in the middle", async () => {
    process.kill(slapd.pid, "SIGSTOP");
    try {
      await expect(verify("ann", "ann-password", { timeoutSeconds: 1 })).rejects.toMatchObject({ code: "timeout" });
    } finally {
      process.kill(slapd.pid, "SIGCONT");
    }
  });
});

describe("a hostile directory", () => {
  const ann = { dn: `uid=ann,${PEOPLE}`, attributes: { uid: ["ann"], cn: ["Ann"], entryUUID: ["u-1"] } };
  const ask = async (tell: Parameters<typeof startFalseDirectory>[0], loginName = "ann", more: object = {}) => {
    const server = await startFalseDirectory(tell);
    try {
      return {
        found: await verify(loginName, "x", { servers: [server.url], security: "none", ...more }),
        binds: server.binds,
      };
    } finally {
      await server.stop();
    }
  };

  test("its yes counts only for the entry that was asked for", async () => {
    expect((await ask({ entries: [ann] })).found).toMatchObject({ subject: "u-1" });
    const others = [
      { ...ann, attributes: { ...ann.attributes, uid: ["root"] } },
      { ...ann, dn: "uid=ann,ou=people,dc=evil,dc=org" },
      { ...ann, dn: "" },
      { ...ann, dn: `uid=ann,x${PEOPLE}` },
      { ...ann, attributes: { cn: ["ann"], entryUUID: ["u-1"] } },
    ];
    for (const other of others) {
      const { found, binds } = await ask({ entries: [other] });
      expect([other.dn, found]).toEqual([other.dn, null]);
      expect(binds).not.toContain(other.dn === "" ? "somebody" : other.dn);
    }
    expect((await ask({ entries: [ann, { ...ann, dn: `uid=bob,${PEOPLE}` }] })).found).toBeNull();
    expect((await ask({ entries: [] })).found).toBeNull();
  });

  test("an empty password proves nothing, though the directory says yes to it (RFC 4513, 5.1.2)", async () => {
    const server = await startFalseDirectory({ entries: [ann] });
    const at = { servers: [server.url], security: "none" };
    expect([await verify("ann", "", at), await verify("ann", "x", at)]).toMatchObject([null, { subject: "u-1" }]);
    await server.stop();
  });

  test("an entry without what it is known by for good is nobody", async () => {
    const server = await startFalseDirectory({ entries: [{ ...ann, attributes: { uid: ["ann"] } }] });
    await expect(verify("ann", "x", { servers: [server.url], security: "none" })).rejects.toThrow(/has no entryUUID/);
    await server.stop();
  });

  test("an answer without an end is cut off", async () => {
    const began = Date.now();
    await expect(ask({ endless: true }, "ann", { timeoutSeconds: 2 })).rejects.toMatchObject({
      code: expect.stringMatching(/timeout|upstream/),
    });
    expect(Date.now() - began).toBeLessThan(6000);
  }, 20_000);

  test("what comes before the encryption is not read as if it had come under it", async () => {
    const bindResponse = answer(2, 0x61);
    for (const tlsAnswer of [
      Buffer.concat([answer(1, 0x78), bindResponse]),
      Buffer.concat([answer(1, 0x78), Buffer.of(0x30)]),
      answer(1, 0x61),
      answer(2, 0x78),
    ]) {
      const server = await startFalseDirectory({ tlsAnswer, entries: [ann] });
      const asked = verify("ann", "x", { servers: [server.url], timeoutSeconds: 1 });
      await expect(asked).rejects.toMatchObject({ code: "upstream", message: /does not offer StartTLS/ });
      expect(server.binds).toEqual([]);
      await server.stop();
    }
  });

  test("the answer to StartTLS is read to the byte, however it is cut", () => {
    const good = answer(1, 0x78);
    for (let end = 0; end < good.length; end++) expect(startTlsResult(good.subarray(0, end))).toBe("more");
    expect(startTlsResult(good)).toBe("agreed");
    const long = Buffer.from("308400000010020101788400000007 0a010004000400".replaceAll(" ", ""), "hex");
    expect(startTlsResult(long)).toBe("agreed");
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(good);
      const at = Math.floor(Math.random() * bytes.length);
      bytes[at] = Math.floor(Math.random() * 256);
      expect(["more", "agreed", "refused"]).toContain(startTlsResult(bytes));
    }
  });
});

describe("settings of a directory", () => {
  const refusal = (more: object): string =>
    ldapSettings.safeParse({ servers: ["ldaps://d.example"], bases: ["dc=x"], ...more }).error?.issues[0]?.message ??
    "";

  test("passwords in the clear are refused beyond this machine unless that is asked for", () => {
    const plain = { servers: ["ldap://directory.example.org"], security: "none" };
    expect(refusal(plain)).toMatch(/everybody on the way reads/);
    expect(refusal({ ...plain, allowPlain: true })).toBe("");
    expect(refusal({ servers: ["ldap://127.0.0.1:389", "ldap://[::1]:389"], security: "none" })).toBe("");
    expect(refusal({ ...plain, servers: ["ldap://127.0.0.1.evil.example"] })).toMatch(/everybody on the way/);
  });

  test("what cannot be is refused", () => {
    expect(refusal({ servers: ["http://x"] })).toMatch(/As in ldaps/);
    expect(refusal({ servers: ["ldap://x/dc=y"] })).toMatch(/As in ldaps/);
    expect(refusal({ userFilter: "(uid={login}" })).toMatch(/Not a filter/);
    expect(refusal({ userFilter: "(uid=x)" })).toMatch(/must contain/);
    expect(refusal({ caCertificate: "no" })).toMatch(/Not a certificate/);
    expect(refusal({ bindDn: "cn=x" })).toMatch(/together with its password/);
  });

  test("values are escaped as RFC 4515 says", () => {
    expect(escaped("a*(b)\\c\0d é")).toBe("a\\2a\\28b\\29\\5cc\\00d é");
    expect(filterFor("(&(uid={login})(x={dn}))", { login: "{dn}", dn: ")" })).toBe("(&(uid={dn})(x=\\29))");
    expect(comparedWithLogin("(&(a=b)(|(uid={login})( mail = {login} )(cn=x{login})))")).toEqual(["uid", "mail"]);
  });
});
