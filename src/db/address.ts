import { type ClientConfig, types } from "pg";
import { Fault } from "../core/index.ts";

/** Where a PostgreSQL server answers: a URL, or the parts; `host` may be the directory of a Unix socket. */
export type DatabaseAddress =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string;
    };

const CONNECT_TIMEOUT_MS = 10_000;
const INT8 = 20;

function readInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("A bigint of the database does not fit into a safe integer");
  return value;
}

const parsers = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    return oid === INT8 && format !== "binary" ? readInt8 : types.getTypeParser(oid, format);
  },
};

/** The configuration of one `pg` client; `settings` are server settings in force from the first statement on. */
export function clientConfig(
  address: DatabaseAddress,
  settings: Readonly<Record<string, string | number>>,
): ClientConfig {
  const ours = Object.entries({ TimeZone: "UTC", ...settings })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
  const shared: ClientConfig = {
    application_name: "sallyport",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: parsers,
  };
  if (!("url" in address)) return { ...shared, ...address, options: ours };
  const url = parseUrl(address.url);
  url.searchParams.set("options", `${url.searchParams.get("options") ?? ""} ${ours}`.trim());
  return { ...shared, connectionString: url.href };
}

/** The same server and credentials with another database name. */
export function withDatabase(address: DatabaseAddress, name: string): DatabaseAddress {
  if (!("url" in address)) return { ...address, database: name };
  const url = parseUrl(address.url);
  url.pathname = `/${encodeURIComponent(name)}`;
  return { url: url.href };
}

/** The address as one URL. It holds the password: never log it. */
export function addressUrl(address: DatabaseAddress): string {
  if ("url" in address) return address.url;
  const { host, port, database, user, password } = address;
  const part = encodeURIComponent;
  return `postgres://${part(user)}:${part(password)}@${part(host)}:${port}/${part(database)}`;
}

/** Without a cause: the parser's error carries the text, and the text carries a password. */
function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return url;
  throw new Fault("invalid", "That is not a database address. It reads: postgres://user:password@host:5432/name");
}
