import { unwatchFile, watchFile } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type Acme, createAcme } from "./acme.ts";
import { type Material, readMaterial } from "./material.ts";
import { selfSigned } from "./self-signed.ts";

/** Where the certificate comes from. */
export type TlsOptions =
  | { readonly kind: "own"; readonly certificate: string; readonly key: string }
  | { readonly kind: "self-signed" }
  | {
      readonly kind: "acme";
      readonly domains: readonly string[];
      readonly email: string | null;
      readonly server: string;
      readonly challenges: { readonly host: string; readonly port: number };
    };

/** The certificate in force. */
export interface Tls {
  /** What to serve with now. */
  current(): Material;
  /** Calls `handler` whenever another certificate is in force. */
  changed(handler: (material: Material) => void): void;
  /** Looks again at once: SIGHUP. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const RETRIES_MS = [10_000, 60_000, 300_000, HOUR_MS] as const;
const WATCH_MS = 5_000;

/**
 * The certificate in force, kept fresh: own files are read again when they change, a self-signed one is renewed a
 * month before its end, as is one by ACME (until the first has come, a self-signed one stands in). State lies in
 * `data`/tls and `data`/acme. Fault `invalid` when own files are no pair.
 */
export async function createTls(deps: {
  readonly options: TlsOptions;
  readonly data: string;
  /** Names and addresses for a self-signed certificate. */
  readonly names: readonly string[];
  readonly now: () => Date;
  readonly log: Logger;
}): Promise<Tls> {
  const { options, log, now } = deps;
  const standIn = (): Promise<Material> =>
    selfSigned({ directory: join(deps.data, "tls"), names: deps.names, now: now() });
  const acme = options.kind === "acme" ? await createAcme({ ...options, directory: join(deps.data, "acme") }) : null;
  const handlers = new Set<(material: Material) => void>();
  let current = await first();
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function first(): Promise<Material> {
    if (options.kind === "own") return readMaterial(options);
    return (await acme?.find(now())) ?? standIn();
  }

  function use(material: Material): void {
    if (closed || (material.cert === current.cert && material.key === current.key)) return;
    current = material;
    for (const handler of handlers) handler(material);
    log.info("another TLS certificate is in force");
  }

  async function look(): Promise<void> {
    clearTimeout(timer);
    try {
      if (options.kind === "own") use(await readMaterial(options));
      else if (acme) use(await fresh(acme, now()));
      else use(await standIn());
      failures = 0;
    } catch (error) {
      log.error({ reason: (error as Error).message.slice(0, 500) }, "no new TLS certificate; the present one stays");
      failures++;
    }
    if (closed) return;
    const wait = failures === 0 ? 12 * HOUR_MS : RETRIES_MS[Math.min(failures, RETRIES_MS.length) - 1]!;
    timer = setTimeout(() => void look(), wait).unref();
  }

  const watched = options.kind === "own" ? [options.certificate, options.key] : [];
  for (const file of watched) watchFile(file, { interval: WATCH_MS, persistent: false }, () => void look());
  if (options.kind === "own") timer = setTimeout(() => void look(), 12 * HOUR_MS).unref();
  else void look();
  return {
    current: () => current,
    changed: (handler) => void handlers.add(handler),
    reload: look,
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const file of watched) unwatchFile(file);
      await acme?.close();
    },
  };
}

const fresh = async (acme: Acme, now: Date): Promise<Material> => (await acme.find(now)) ?? acme.order();
