import { createGateway, type Gateway } from "../sessions/index.ts";
import type { Domains } from "./domains.ts";

export type GatewayDoor = Gateway;

const UNANSWERED = 3;

/** The sessions of one process; `run` is where its Unix socket goes. */
export async function openGateway({
  domains,
  run,
}: {
  readonly domains: Domains;
  readonly run: string;
}): Promise<GatewayDoor> {
  const { keepalive, terminalGrace } = domains.limits;
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
    patience: { keepalive: { intervalMs: keepalive * 1000, count: UNANSWERED }, graceMs: terminalGrace * 1000 },
    failed: (error) => log.error({ err: error }, "a session met an error"),
  });
}
