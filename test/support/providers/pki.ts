import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const DAY_MS = 86_400_000;

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface Wish {
  /** As `/CN=alice/O=Example`. */
  readonly subject: string;
  /** Lines of openssl's extensions; a person's certificate unless they say otherwise. */
  readonly extensions?: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly until?: number;
  readonly digest?: string;
  /** A key of RSA, of so many bits, instead of P-256. */
  readonly rsa?: number;
}

export const PERSON = [
  "basicConstraints=critical,CA:FALSE",
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=clientAuth",
];
export const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

const moment = (days: number): string =>
  `${new Date(Date.now() + days * DAY_MS).toISOString().replace(/\D/g, "").slice(0, 14)}Z`;

export type Authority = Awaited<ReturnType<typeof makeAuthority>>;

/** OpenSSL as an authority: below itself, or below the one that signs it. `close` removes what it keeps. */
export async function makeAuthority(
  name: string,
  { above, extensions = AUTHORITY }: { readonly above?: Authority; readonly extensions?: readonly string[] } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-pki-"));
  const at = (file: string): string => join(directory, file);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory, timeout: 30_000 });
  const optional = ["C", "O", "OU", "CN", "UID", "emailAddress"].map((part) => `${part} = optional`);
  await writeFile(
    at("ca.cnf"),
    `[ca]
default_ca = d
[d]
database = index
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
policy = p
preserve = yes
email_in_dn = yes
string_mask = utf8only
certificate = ca.crt
private_key = ca.key
[whole]
authorityKeyIdentifier = keyid
[part]
issuingDistributionPoint = critical,onlyuser:TRUE
[p]
${optional.join("\n")}
`,
  );
  await writeFile(at("index"), "");
  await writeFile(at("crlnumber"), "01\n");
  const newKey = (rsa?: number): string[] => {
    const kind = rsa ? [`rsa:${rsa}`] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    return ["-newkey", ...kind, "-nodes", "-utf8"];
  };

  async function issue({
    subject,
    extensions: lines = PERSON,
    from = -1,
    until = 30,
    digest = "sha256",
    rsa,
  }: Wish): Promise<Pair> {
    const id = randomBytes(6).toString("hex");
    await writeFile(at(`${id}.ext`), lines.join("\n"));
    await openssl("req", "-new", ...newKey(rsa), "-keyout", `${id}.key`, "-out", `${id}.csr`, "-subj", subject);
    const ends = ["-startdate", moment(from), "-enddate", moment(until)];
    const files = ["-in", `${id}.csr`, "-out", `${id}.crt`, "-extfile", `${id}.ext`];
    await openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-md", digest, ...ends, ...files);
    return { cert: await readFile(at(`${id}.crt`), "utf8"), key: await readFile(at(`${id}.key`), "utf8") };
  }

  if (above) {
    const made = await above.issue({ subject: `/CN=${name}`, extensions });
    await writeFile(at("ca.crt"), made.cert);
    await writeFile(at("ca.key"), made.key);
  } else {
    const added = extensions.flatMap((line) => ["-addext", line]);
    const ends = ["-days", "60", "-subj", `/CN=${name}`];
    await openssl("req", "-x509", ...newKey(), "-keyout", "ca.key", "-out", "ca.crt", ...ends, ...added);
  }
  return {
    cert: await readFile(at("ca.crt"), "utf8"),
    key: await readFile(at("ca.key"), "utf8"),
    issue,
    async revoke({ cert }: Pair): Promise<void> {
      await writeFile(at("revoke.crt"), cert);
      await openssl("ca", "-config", "ca.cnf", "-revoke", "revoke.crt");
    },
    /** The list of what was revoked, as PEM; `hours` from now it ends. `kind`: of version 2, or 1, or a part of it. */
    async list(hours = 24, kind: "whole" | "first" | "part" = "whole"): Promise<string> {
      const ends = ["-crl_lastupdate", moment(-2), "-crl_nextupdate", moment(hours / 24)];
      const version = kind === "first" ? [] : ["-crlexts", kind];
      await openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem", ...version, ...ends);
      return readFile(at("list.pem"), "utf8");
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
