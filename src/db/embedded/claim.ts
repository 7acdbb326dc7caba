import { randomBytes } from "node:crypto";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";

/** The file that says which process looks after the cluster. */
export interface Claim {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** Tells a process from a later one with the same number. */
  readonly born: string;
}

/** Claims `path` for this process; null while another living process holds it. A dead holder's claim is taken over. */
export async function claim(path: string): Promise<Claim | null> {
  const mine: Holder = { pid: process.pid, born: await bornAt(process.pid) };
  const text = JSON.stringify({ ...mine, claim: randomBytes(8).toString("hex") });
  for (let attempt = 0; attempt < 20; attempt++) {
    if (await place(path, text)) return { release: () => removeIf(path, text) };
    const found = await readFile(path, "utf8").catch(() => null);
    if (found === null) continue;
    if (await lives(found)) return null;
    await removeIf(path, found);
  }
  return null;
}

async function place(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, text, { mode: 0o600, flag: "wx" });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(draft).catch(() => {});
  }
}

/** Takes the claim away only if it still is the one meant: moved aside first, put back if it is not. */
async function removeIf(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readFile(aside, "utf8").catch(() => text)) !== text) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}

async function lives(text: string): Promise<boolean> {
  try {
    const holder = JSON.parse(text) as Holder;
    return isAlive(holder.pid) && (await bornAt(holder.pid)) === holder.born;
  } catch {
    return false;
  }
}

/** Whether a process of that number exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of /proc/PID/stat, the start in clock ticks since boot; empty for a zombie or where there is no /proc. */
async function bornAt(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "" : (rest[18] ?? "");
}
