import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { generate } from "selfsigned";
import { freePort } from "./sshd.ts";

/** A private OpenLDAP server with directory dc=example,dc=org. */
export interface Slapd {
  /** ldap:// address; StartTLS is offered. */
  readonly url: string;
  readonly tlsUrl: string;
  /** Its certificate, which nobody but itself vouches for. */
  readonly certificate: string;
  readonly pid: number;
  /** Changes the directory with LDIF, as its administrator. */
  change(ldif: string): Promise<void>;
  stop(): Promise<void>;
}

export const BASE = "dc=example,dc=org";
export const READER = { dn: `cn=reader,${BASE}`, password: "the-reader-password-1" };
const ROOT = { dn: `cn=admin,${BASE}`, password: "the-root-password-1" };
const NOBODY = 65_534;
const DAY_MS = 86_400_000;

/** What Active Directory has and OpenLDAP does not know. */
const MICROSOFT = `
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top AUXILIARY MAY ( sAMAccountName $ userPrincipalName $ objectGUID $ userAccountControl $ objectCategory ) )
`;

const START = `
dn: ${BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=reader,${BASE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${READER.password}

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups
`;

/** A person's entry. */
export const personLdif = (uid: string, { password = `${uid}-password`, more = "" } = {}): string => `
dn: uid=${uid},ou=people,${BASE}
objectClass: inetOrgPerson
objectClass: user
uid: ${uid}
cn: ${uid[0]!.toUpperCase()}${uid.slice(1)} Person
sn: Person
userPassword: ${password}
${more}`;

/** A certificate for localhost, vouched for by itself. */
export async function makeCertificate(
  options: { days?: number; name?: string } = {},
): Promise<{ cert: string; key: string }> {
  const { days = 30, name = "localhost" } = options;
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - 60 * DAY_MS),
    notAfterDate: new Date(Date.now() + days * DAY_MS),
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }],
  });
  return { cert, key };
}

/** Starts one on free ports; needs the packages slapd and ldap-utils. */
export async function startSlapd(
  options: { certificate?: { cert: string; key: string }; port?: number } = {},
): Promise<Slapd> {
  const { cert, key } = options.certificate ?? (await makeCertificate());
  const folder = await mkdtemp(join(tmpdir(), "slapd-"));
  const data = join(folder, "data");
  await mkdir(data);
  await writeFile(join(folder, "cert.pem"), cert);
  await writeFile(join(folder, "key.pem"), key);
  const lines = [
    ...["core", "cosine", "inetorgperson", "nis"].map((name) => `include /etc/ldap/schema/${name}.schema`),
    MICROSOFT,
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "moduleload memberof",
    `TLSCertificateFile ${join(folder, "cert.pem")}`,
    `TLSCertificateKeyFile ${join(folder, "key.pem")}`,
    "TLSVerifyClient never",
    "sizelimit 500",
    "database mdb",
    `suffix "${BASE}"`,
    `rootdn "${ROOT.dn}"`,
    `rootpw ${ROOT.password}`,
    `directory ${data}`,
    "maxsize 268435456",
    "dbnosync",
    "index objectClass,uid,member eq",
    'limits dn.exact="' + READER.dn + '" size.soft=500 size.hard=500 size.prtotal=unlimited',
    "access to attrs=userPassword by anonymous auth by * none",
    `access to * by dn.exact="${READER.dn}" read by * none`,
    "overlay memberof",
  ];
  await writeFile(join(folder, "slapd.conf"), `${lines.join("\n")}\n`);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [folder, data, ...(await filesIn(folder))]) await chown(path, NOBODY, NOBODY);
  await chmod(folder, 0o755);
  const port = options.port ?? (await freePort());
  const tlsPort = await freePort();
  const child = spawn(
    "/usr/sbin/slapd",
    ["-d", "0", "-h", `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`, "-f", join(folder, "slapd.conf")],
    { stdio: ["ignore", "ignore", "pipe"], ...(isRoot && { uid: NOBODY, gid: NOBODY }) },
  );
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)));
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `ldap://localhost:${port}`;
  const change = async (ldif: string): Promise<void> => {
    const file = join(folder, "change.ldif");
    await writeFile(file, ldif);
    const args = ["-x", "-c", "-H", `ldap://127.0.0.1:${port}`, "-D", ROOT.dn, "-w", ROOT.password, "-f", file];
    await promisify(execFile)("ldapmodify", ["-a", ...args], { timeout: 60_000, maxBuffer: 1 << 26 });
  };
  try {
    await listening(port, child, () => log);
    await change(START);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, tlsUrl: `ldaps://localhost:${tlsPort}`, certificate: cert, pid: child.pid ?? 0, change, stop };
}

const filesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).map((name) => join(folder, name));

async function listening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`slapd did not start: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await pause(50);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await gone;
  clearTimeout(timer);
}
