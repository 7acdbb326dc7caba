import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

const PATIENCE_MINUTES = 30;

/**
 * Holds `file` while `work` runs, so that two starts in one checkout do not install over each other. A lock whose owner
 * is gone is taken over. `waiting` is called once if somebody else holds it.
 */
export async function withLock(file, waiting, work) {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  const giveUp = Date.now() + PATIENCE_MINUTES * 60_000;
  try {
    for (let first = true; !take(mine, file); first = false) {
      const owner = read(file);
      if (owner !== undefined && !isPreparing(owner)) removeStale(file, owner);
      else {
        if (first) waiting(owner);
        if (Date.now() > giveUp)
          throw new Error(`Process ${owner} has been preparing for too long; end it, then retry.`);
        await wait(200);
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const release = () => void (read(file) === process.pid && rmSync(file, { force: true }));
  const ended = (signal) => {
    release();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", ended).on("SIGTERM", ended);
  try {
    return await work();
  } finally {
    process.off("SIGINT", ended).off("SIGTERM", ended);
    release();
  }
}

/** A link appears whole or not at all, so a lock always names its owner. */
function take(mine, file) {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function read(file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Two may find the same stale lock; the one that moved a fresh lock away by mistake puts it back. */
function removeStale(file, owner) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (read(aside) !== owner) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  }
  rmSync(aside, { force: true });
}

function isPreparing(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("prepare.mjs");
  } catch {
    return process.platform !== "linux";
  }
}
