import { createServer } from "node:net";
import { hostPort, type Listen } from "../config.ts";
import { Fault } from "../core/index.ts";

/** Fault `unavailable` that names the port and the option unless somebody could listen there now. */
export async function refuseTakenPort(at: Listen, option: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(at.port, at.host, resolve));
  } catch (error) {
    throw portFault(error, at, option);
  } finally {
    server.close();
  }
}

/** The words for an address that cannot be listened at. */
export function portFault(error: unknown, at: Listen, option: string): Fault {
  const { code } = error as NodeJS.ErrnoException;
  const other = hostPort({ host: at.host, port: at.port < 64_000 ? at.port + 1000 : 0 });
  const cause: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${at.port} is taken by another program`,
    EACCES: `Port ${at.port} needs more rights than this user has`,
    EADDRNOTAVAIL: `This machine has no address ${at.host}`,
    ENOTFOUND: `The host ${at.host} is unknown`,
  };
  return new Fault(
    "unavailable",
    `${cause[code ?? ""] ?? `${hostPort(at)} cannot be used (${code})`}. Choose another: --${option} ${other}`,
  );
}
