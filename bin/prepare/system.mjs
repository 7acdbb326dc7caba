import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** Debian packages that build the SSH library's native part. */
const COMPILER = ["g++", "make", "python3"];
/** Debian packages that the tests drive: real servers, and the real clients of users. */
export const FOR_TESTS = [
  ...COMPILER,
  "git",
  "openssh-server",
  "openssh-client",
  "putty-tools",
  "python3-paramiko",
  "chromium",
  "asciinema",
  "slapd",
  "ldap-utils",
  "freeradius",
  "haproxy",
  "tmux",
  "openssl",
];

export const compilerHint = `Install ${COMPILER.join(", ")} and start again to have it built.`;

/** Installs what is missing of `packages` where this is root on Debian or a relative; elsewhere says what is missing. */
export async function prepareSystem(packages, steps) {
  if (!existsSync("/usr/bin/dpkg-query")) {
    steps.say(`  The tests drive real servers and clients. Have these installed: ${packages.join(", ")}.`);
    return;
  }
  const missing = packages.filter((name) => !hasPackage(name));
  if (missing.length === 0) return;
  if (process.getuid() !== 0 || !existsSync("/usr/bin/apt-get")) {
    steps.say(`  Missing, and their tests will fail: apt-get install ${missing.join(" ")}`);
    return;
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await steps.step(`Installing ${missing.join(", ")}`, async () => {
    await steps.run("apt-get", ["update"], { env });
    const install = ["install", "-y", "--no-install-recommends", ...missing];
    await withoutStarting(() => steps.run("apt-get", install, { env }));
  });
}

/** Debian asks this file whether a server may be started; 101 means no. Tests start their own, on ports of their own. */
const POLICY = "/usr/sbin/policy-rc.d";

async function withoutStarting(work) {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

function hasPackage(name) {
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f=${db:Status-Status}", name], { encoding: "utf8" });
  return stdout === "installed";
}
