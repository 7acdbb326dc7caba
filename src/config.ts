import { availableParallelism, hostname } from "node:os";
import { join, resolve } from "node:path";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { Fault } from "./core/index.ts";

/** An address to listen at; port 0 lets the system choose. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

export type TlsConfig =
  | { readonly kind: "none" }
  | { readonly kind: "own"; readonly certificate: string; readonly key: string }
  | { readonly kind: "self-signed" }
  | {
      readonly kind: "acme";
      readonly domains: readonly string[];
      readonly email: string | null;
      /** The directory URL of the certificate authority. */
      readonly server: string;
      /** Where HTTP-01 challenges are answered; the authority asks port 80 of the domain. */
      readonly challenges: Listen;
    };

export interface Config {
  /** Absolute. */
  readonly data: string;
  readonly listen: Listen;
  readonly ssh: Listen;
  /** The certificate door; null: nobody signs in with a client certificate. */
  readonly clientCertificates: Listen | null;
  /** A PostgreSQL URL, or null for the embedded database. Holds a password. */
  readonly database: string | null;
  /** Where to sign in as the owner of `database`, for migrations only; null: as `database` does. Holds a password. */
  readonly databaseOwner: string | null;
  readonly demo: boolean;
  readonly gateways: number;
  readonly tls: TlsConfig;
  readonly trustedProxies: readonly string[];
  /** Proxies before the SSH gate, which begin each connection with a PROXY protocol header. */
  readonly sshProxies: readonly string[];
  readonly publicUrl: string | null;
  /** Host names the console answers to, beside IP addresses and loopback names. */
  readonly hostNames: readonly string[];
  readonly log: { readonly level: string; readonly format: "files" | "json" };
  readonly metricsFrom: readonly string[];
  readonly limits: {
    readonly requests: number;
    readonly signIns: number;
    readonly sshWaiting: number;
    readonly sshConnections: number;
    /** Seconds of silence after which the other end of an SSH connection is asked; three unanswered ones end it. */
    readonly keepalive: number;
    /** Seconds that a web terminal waits for its browser. */
    readonly terminalGrace: number;
  };
  /** The master key as given in the environment; null: it is read from `masterKeyFile`. */
  readonly masterKey: string | null;
  readonly masterKeyFile: string;
}

interface Option {
  readonly name: string;
  /** What the value looks like; none for a switch. */
  readonly value?: string;
  readonly help: string;
}

const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

const OPTIONS = [
  { name: "data", value: "DIRECTORY", help: "where everything is kept (./data)" },
  { name: "listen", value: "HOST:PORT", help: "the console and the API (127.0.0.1:8080)" },
  { name: "ssh", value: "HOST:PORT", help: "the SSH gate (127.0.0.1:2222); 0.0.0.0:2222 opens it to the network" },
  { name: "database", value: "URL", help: "a PostgreSQL server, 15 or newer, instead of the embedded one" },
  { name: "database-owner", value: "URL", help: "the same database as its owner, used for migrations only" },
  { name: "demo", help: "register this machine's OpenSSH server as a demo asset" },
  { name: "gateways", value: "N", help: "gateway processes (one for each core)" },
  { name: "tls-cert", value: "FILE", help: "certificate chain in PEM form; needs --tls-key" },
  { name: "tls-key", value: "FILE", help: "private key in PEM form; needs --tls-cert" },
  { name: "tls-acme", value: "DOMAIN,…", help: "get certificates by ACME (HTTP-01)" },
  { name: "acme-email", value: "ADDRESS", help: "the contact given to the certificate authority" },
  { name: "acme-server", value: "URL", help: "directory of the certificate authority (Let's Encrypt)" },
  { name: "acme-http", value: "HOST:PORT", help: "where its challenges are answered (0.0.0.0:80)" },
  { name: "tls-self-signed", help: "make a certificate that browsers warn about" },
  {
    name: "client-certificates",
    value: "HOST:PORT",
    help: "sign-in with client certificates, on a TLS port of its own",
  },
  { name: "trusted-proxy", value: "CIDR,…", help: "proxies whose X-Forwarded-For and -Proto are believed" },
  { name: "ssh-proxy-protocol", value: "CIDR,…", help: "proxies that send PROXY protocol v2 to the SSH gate" },
  { name: "public-url", value: "URL", help: "the address people type, when a proxy stands before" },
  { name: "metrics-from", value: "CIDR,…", help: "who may read /metrics (loopback only)" },
  { name: "requests-per-minute", value: "N", help: "HTTP requests of one address (3000)" },
  { name: "sign-ins-per-minute", value: "N", help: "sign-in and set-up requests of one address (30)" },
  { name: "ssh-waiting", value: "N", help: "SSH connections of one address before sign-in (64)" },
  { name: "ssh-connections-per-minute", value: "N", help: "new SSH connections of one address (600)" },
  { name: "ssh-keepalive", value: "SECONDS", help: "silence before an SSH peer is asked; given up after three (15)" },
  { name: "terminal-grace", value: "SECONDS", help: "how long a web terminal waits for its browser to return (60)" },
  { name: "log-level", value: "LEVEL", help: "debug, info, warn or error (info)" },
  { name: "log-format", value: "FORMAT", help: "files: in the data directory; json: to standard output (files)" },
] as const satisfies readonly Option[];

type Name = (typeof OPTIONS)[number]["name"];
type Given = { readonly [N in Name]?: string };
type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (message: string): Fault => new Fault("invalid", message);
const variable = (name: string): string => `SALLYPORT_${name.toUpperCase().replaceAll("-", "_")}`;

/** What `--help` prints. */
export function usage(): string {
  const left = (option: Option): string => `  --${option.name}${option.value ? ` ${option.value}` : ""}`;
  const lines = OPTIONS.map((option) => `${left(option).padEnd(32)}${option.help}`);
  return [
    "Usage: npm start -- [options]",
    "",
    ...lines,
    "",
    "Every option is also a variable: --log-level is SALLYPORT_LOG_LEVEL; options win.",
    "The master key comes from SALLYPORT_MASTER_KEY, from the file SALLYPORT_MASTER_KEY_FILE, or is made in keys/.",
  ].join("\n");
}

/** Reads options and environment. Fault `invalid`, one line that names the option, for anything that cannot be meant. */
export function readConfig(argv: readonly string[], environment: Environment, directory = process.cwd()): Config {
  const given = { ...fromEnvironment(environment), ...fromArguments(argv) };
  const data = resolve(directory, given.data ?? "data");
  const listen = readListen("listen", given.listen ?? "", { host: "127.0.0.1", port: 8080 });
  const trustedProxies = readNetworks("trusted-proxy", given["trusted-proxy"]);
  const publicUrl = readPublicUrl(given["public-url"]);
  const tls = readTls(given, directory);
  const ssh = readListen("ssh", given.ssh ?? "", { host: "127.0.0.1", port: 2222 });
  const clientCertificates = readCertificateDoor(given["client-certificates"], tls);
  const demo = given.demo === "true";
  const database = readDatabase("database", given.database);
  const databaseOwner = readDatabase("database-owner", given["database-owner"]);
  if (databaseOwner && !database) throw wrong("--database-owner needs --database URL.");
  refuseOpenHttp(listen, tls, trustedProxies);
  if (demo) refuseOpenDemo({ listen, ssh });
  return {
    data,
    listen,
    ssh,
    clientCertificates,
    database,
    databaseOwner,
    demo,
    gateways: readNumber("gateways", given.gateways, availableParallelism(), 64),
    tls,
    trustedProxies,
    sshProxies: readNetworks("ssh-proxy-protocol", given["ssh-proxy-protocol"]),
    publicUrl,
    hostNames: hostNames(listen, tls, publicUrl),
    log: {
      level: readChoice("log-level", given["log-level"], ["info", "debug", "warn", "error"]),
      format: readChoice("log-format", given["log-format"], ["files", "json"]),
    },
    metricsFrom: readNetworks("metrics-from", given["metrics-from"] ?? "127.0.0.0/8,::1/128"),
    limits: {
      requests: readNumber("requests-per-minute", given["requests-per-minute"], 3000, 1_000_000),
      signIns: readNumber("sign-ins-per-minute", given["sign-ins-per-minute"], 30, 1_000_000),
      sshWaiting: readNumber("ssh-waiting", given["ssh-waiting"], 64, 10_000),
      sshConnections: readNumber("ssh-connections-per-minute", given["ssh-connections-per-minute"], 600, 1_000_000),
      keepalive: readNumber("ssh-keepalive", given["ssh-keepalive"], 15, 3600),
      terminalGrace: readNumber("terminal-grace", given["terminal-grace"], 60, 3600),
    },
    masterKey: environment.SALLYPORT_MASTER_KEY || null,
    masterKeyFile: resolve(directory, environment.SALLYPORT_MASTER_KEY_FILE || join(data, "keys", "master.key")),
  };
}

/** Whether only this machine can reach the host. */
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));

/** `host:port` as a URL holds it. */
export const hostPort = ({ host, port }: Listen): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Where people reach the console, as far as the options tell; null: they do not. */
export function originOf({ publicUrl, tls, listen }: Pick<Config, "publicUrl" | "tls" | "listen">): string | null {
  if (publicUrl) return publicUrl;
  if (listen.port === 0) return null;
  const scheme = tls.kind === "none" ? "http" : "https";
  const host = tls.kind === "acme" ? (tls.domains[0] ?? "") : listen.host;
  if (["", "0.0.0.0", "::"].includes(host)) return null;
  return new URL(`${scheme}://${hostPort({ host, port: listen.port })}`).origin;
}

function fromArguments(argv: readonly string[]): Given {
  const given: Record<string, string> = {};
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", attached] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const option: Option | undefined = OPTIONS.find((known) => known.name === name);
    if (!option) throw wrong(`Unknown option "${word.split("=")[0]}". --help lists the options.`);
    if (name in given) throw wrong(`--${name} is given twice.`);
    if (!option.value && attached !== undefined) throw wrong(`--${name} takes no value.`);
    const value = option.value ? (attached ?? rest.shift()) : "true";
    if (!value || (attached === undefined && value.startsWith("--"))) {
      throw wrong(`--${name} needs a value: --${name} ${option.value}.`);
    }
    given[name] = value;
  }
  return given;
}

function fromEnvironment(environment: Environment): Given {
  const given: Record<string, string> = {};
  for (const option of OPTIONS as readonly Option[]) {
    const value = environment[variable(option.name)];
    if (!value) continue;
    if (option.value) given[option.name] = value;
    else if (/^(1|true|yes)$/i.test(value)) given[option.name] = "true";
    else if (!/^(0|false|no)$/i.test(value)) throw wrong(`${variable(option.name)} must be true or false.`);
  }
  return given;
}

function readListen(name: Name, text: string, fallback: Listen): Listen {
  if (!text) return fallback;
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? fallback.host;
  const valid = port !== undefined && Number(port) <= 65_535 && (bracketed === undefined || isIPv6(bracketed));
  if (!valid || !/^[A-Za-z0-9.:%-]+$/.test(host))
    throw wrong(`--${name} must be HOST:PORT, for example ${hostPort(fallback)}.`);
  return { host: host.toLowerCase(), port: Number(port) };
}

/** TLS ends at the door itself: a certificate that a proxy vouches for proves nothing. */
function readCertificateDoor(text: string | undefined, tls: TlsConfig): Listen | null {
  if (text === undefined) return null;
  const at = readListen("client-certificates", text, { host: "127.0.0.1", port: 8443 });
  if (at.port === 0) throw wrong("--client-certificates needs a port that stays: browsers are sent there.");
  if (tls.kind === "none") {
    throw wrong("--client-certificates needs --tls-cert and --tls-key, --tls-acme DOMAIN or --tls-self-signed.");
  }
  return at;
}

function readNumber(name: Name, text: string | undefined, fallback: number, most: number): number {
  if (text === undefined) return Math.min(Math.max(fallback, 1), most);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw wrong(`--${name} must be a whole number from 1 to ${most}.`);
  return value;
}

function readChoice<const C extends string>(name: Name, text: string | undefined, choices: readonly C[]): C {
  const choice = text === undefined ? choices[0] : choices.find((known) => known === text);
  if (!choice) throw wrong(`--${name} must be one of ${choices.join(", ")}.`);
  return choice;
}

function readNetworks(name: Name, text: string | undefined): string[] {
  return words(text).map((word) => {
    const [address = "", bits] = word.split("/");
    const width = isIPv6(address) ? 128 : 32;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (!isIP(address) || prefix < 0 || prefix > width) {
      throw wrong(`--${name}: "${word}" is not an address or a network like 10.0.0.0/8.`);
    }
    return `${address}/${prefix}`;
  });
}

const words = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);

function readDatabase(name: Name, text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return text;
  throw wrong(`--${name} must be a URL like postgres://user:password@host:5432/name.`);
}

function readPublicUrl(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const bare = url && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (!url || !bare || !/^https?:$/.test(url.protocol)) {
    throw wrong("--public-url must be an address without a path, like https://gate.example.org.");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname.replace(/^\[|\]$/g, ""))) {
    throw wrong("--public-url must start with https://; passwords do not travel in the clear.");
  }
  return url.origin;
}

function readTls(given: Given, directory: string): TlsConfig {
  const certificate = given["tls-cert"];
  const key = given["tls-key"];
  const chosen = [certificate ?? key, given["tls-acme"], given["tls-self-signed"]].filter(
    (value) => value !== undefined,
  );
  if (chosen.length > 1) throw wrong("Choose one of --tls-cert with --tls-key, --tls-acme, --tls-self-signed.");
  if ((certificate === undefined) !== (key === undefined)) throw wrong("--tls-cert and --tls-key go together.");
  if (certificate && key)
    return { kind: "own", certificate: resolve(directory, certificate), key: resolve(directory, key) };
  if (given["tls-self-signed"]) return { kind: "self-signed" };
  if (given["tls-acme"] !== undefined) return readAcme(given);
  const stray = (["acme-email", "acme-server", "acme-http"] as const).find((name) => given[name] !== undefined);
  if (stray) throw wrong(`--${stray} needs --tls-acme DOMAIN.`);
  return { kind: "none" };
}

function readAcme(given: Given): TlsConfig {
  const domains = words(given["tls-acme"]).map((domain) => domain.toLowerCase());
  const bad = domains.find((domain) => !/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(domain));
  if (domains.length === 0 || bad !== undefined) throw wrong(`--tls-acme: "${bad ?? ""}" is not a domain name.`);
  const email = given["acme-email"] ?? null;
  if (email !== null && !/^[^\s@]+@[^\s@]+$/.test(email)) throw wrong("--acme-email must be a mail address.");
  const server = given["acme-server"] ?? LETS_ENCRYPT;
  if (!URL.canParse(server) || !/^https?:/.test(server)) throw wrong("--acme-server must be a URL.");
  return {
    kind: "acme",
    domains,
    email,
    server,
    challenges: readListen("acme-http", given["acme-http"] ?? "", { host: "0.0.0.0", port: 80 }),
  };
}

function refuseOpenHttp(listen: Listen, tls: TlsConfig, proxies: readonly string[]): void {
  if (tls.kind !== "none" || isLoopback(listen.host) || proxies.length > 0) return;
  throw wrong(
    `--listen ${hostPort(listen)} would carry passwords over the network in the clear. Add --tls-cert and --tls-key, ` +
      "--tls-acme DOMAIN or --tls-self-signed; or name the TLS proxy before it with --trusted-proxy CIDR.",
  );
}

function refuseOpenDemo(doors: { readonly listen: Listen; readonly ssh: Listen }): void {
  const open = (["listen", "ssh"] as const).find((name) => !isLoopback(doors[name].host));
  if (!open) return;
  throw wrong(
    `--demo does not go with --${open} ${hostPort(doors[open])}: the demo account is the operating system's user that ` +
      "the gate itself runs as, so it is for this machine only. Leave out one of the two.",
  );
}

function hostNames(listen: Listen, tls: TlsConfig, publicUrl: string | null): string[] {
  const names = ["localhost", hostname().toLowerCase(), listen.host];
  if (tls.kind === "acme") names.push(...tls.domains);
  if (publicUrl) names.push(new URL(publicUrl).hostname);
  return [...new Set(names)];
}
