import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const OLDEST = [24, 7];
const TOO_NEW = 26;
/** Node says on every start that running TypeScript is new; nobody who starts a server wants to read that. */
const QUIET = ["--disable-warning=ExperimentalWarning"];

/** The folder of the Node that arrives with the packages; it also carries the headers for native addons. */
export const pinnedFolder = (root) => join(root, "node_modules", `node-${process.platform}-${process.arch}`);

/** Path of the Node to run the program with: the one from the packages, else the running one if it is fit; else undefined. */
export function findNode(root) {
  const pinned = join(pinnedFolder(root), "bin", "node");
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split(".").map(Number);
  const fit = major < TOO_NEW && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]));
  return fit ? process.execPath : undefined;
}

/** The same, or an Error whose message says what to do. */
export function requireNode(root) {
  const node = findNode(root);
  if (node) return node;
  throw new Error(
    `Sallyport needs Node ${OLDEST.join(".")} or newer, below ${TOO_NEW}. The packages bring one for Linux; ` +
      `here (${process.platform}-${process.arch}) there is only ${process.version}. Install Node 24, then try again.`,
  );
}

/**
 * Becomes `node args…`: same streams, same signals, same way of ending. Replaces this process where Node can do that;
 * otherwise stays as a go-between that passes signals on. Never returns.
 */
export async function become(node, args, cwd) {
  const all = [...QUIET, ...args];
  if (typeof process.execve === "function") {
    process.removeAllListeners("warning");
    if (cwd) process.chdir(cwd);
    process.execve(node, [node, ...all], process.env);
  }
  const { code, signal } = await runToEnd(node, all, { cwd });
  return endLike(code, signal);
}

/** Runs `node args…` with our streams, passing signals on; resolves to how it ended. */
export const runNode = (node, args, cwd) => runToEnd(node, [...QUIET, ...args], { cwd });

/** Ends this process the way a child ended. */
export function endLike(code, signal) {
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Only reached by a signal that does not end a process: answer as a shell would.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000);
  return new Promise(() => {});
}

function runToEnd(command, args, options) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const handlers = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"].map((signal) => {
    // Ctrl-C in a terminal reaches parent and child alike: passing it on as well would count as pressed twice.
    const fromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
    const handler = () => void (fromTerminal || child.kill(signal));
    process.on(signal, handler);
    return [signal, handler];
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      resolve({ code, signal });
    });
  });
}
