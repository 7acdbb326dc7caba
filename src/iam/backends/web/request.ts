import { request as plainRequest } from "node:https";
import { Fault } from "../../../core/index.ts";
import { authorities } from "../fields.ts";

/** The settings of a backend that say how its provider is asked. */
export interface Reach {
  /** The authorities that are trusted beside the well-known ones, as PEM; may be empty. */
  readonly ca: string;
  readonly timeoutSeconds: number;
}

/** One request to a provider. */
export interface WebRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const LARGEST = 1 << 20;

/**
 * Asks a provider over verified TLS; follows no redirect and reads at most 1 MiB within the time that the settings
 * give. Fault `invalid` for an address without https, `timeout`, or `upstream` that says what is wrong.
 */
export function askProvider({
  url,
  method = "GET",
  headers = {},
  body,
  reach,
  signal,
}: WebRequest): Promise<WebAnswer> {
  const { protocol, host } = new URL(url);
  if (protocol !== "https:") return Promise.reject(new Fault("invalid", `${host}: only https addresses are used.`));
  const within = AbortSignal.any([signal, AbortSignal.timeout(reach.timeoutSeconds * 1000)]);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(within.aborted ? silent(host, reach) : asFault(host, error));
    const options = {
      method,
      headers,
      signal: within,
      agent: false,
      rejectUnauthorized: true,
      ...(reach.ca && { ca: authorities(reach.ca) }),
    };
    const request = plainRequest(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > LARGEST) request.destroy(new Fault("upstream", `${host} answers with more than 1 MiB.`));
      });
      response.on("error", fail);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    request.on("error", fail);
    request.end(body);
  });
}

const flat = (headers: NodeJS.Dict<string | string[]>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(", ")]],
    ),
  );

const silent = (host: string, { timeoutSeconds }: Reach): Fault =>
  new Fault(
    "timeout",
    `${host} did not answer within ${timeoutSeconds} seconds. Check its address, and firewalls, or try again later.`,
  );

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired; have it renewed there",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; give the name that stands in it",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by nobody who is trusted; give the authority in the settings",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by nobody who is trusted; give the authority in the settings",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is signed by nobody who is trusted; give the authority in the settings",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is signed by nobody who is trusted; give the authority in the settings",
  ECONNREFUSED: "nothing listens there; check the address, and that it runs",
  ENOTFOUND: "the name is not known; check the address",
};

function asFault(host: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return new Fault("upstream", `${host} cannot be asked: ${REASONS[code] ?? (code || "the connection broke")}.`);
}
