import { createGateway, type Gateway } from "../sessions/index.ts";
import type { Domains } from "./domains.ts";

export type GatewayDoor = Gateway;

/** The sessions of one process; `run` is where its Unix socket goes. */
export async function openGateway({ domains, run }: { readonly domains: Domains; readonly run: string }): Promise<GatewayDoor> {
  const { database, runtime, iam, assets, sealer, hostKeys, spool, log } = domains;
  return createGateway({
    database,
    runtime,
    iam,
    assets,
    sealer,
    hostKeys: hostKeys.map(({ privateKey }) => privateKey),
    spoolDirectory: spool,
    runDirectory: run,
    failed: (error) => log.error({ err: error }, "a session met an error"),
  });
}
