import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = "deb http://deb.debian.org/debian bookworm-backports main";

/** OpenSSH 10 beside the one of the system: Debian's packages unpacked, not installed. Null where they cannot be fetched. */
export interface OpenSsh10 {
  readonly ssh: string;
  readonly sshd: string;
  /** Lines for sshd_config that name its parts. */
  readonly config: readonly string[];
}

export function openssh10(): OpenSsh10 | null {
  const home = join(tmpdir(), "openssh-10");
  try {
    if (!existsSync(home)) fetchTo(home);
  } catch {
    return null;
  }
  const parts = join(home, "usr/lib/openssh");
  return {
    ssh: join(home, "usr/bin/ssh"),
    sshd: join(home, "usr/sbin/sshd"),
    config: [`SshdSessionPath ${join(parts, "sshd-session")}`, `SshdAuthPath ${join(parts, "sshd-auth")}`],
  };
}

function fetchTo(home: string): void {
  const work = mkdtempSync(join(tmpdir(), "openssh-10-"));
  mkdirSync(join(work, "lists", "partial"), { recursive: true });
  writeFileSync(join(work, "sources.list"), `${SOURCE}\n`);
  const settings = [
    `Dir::Etc::sourcelist=${work}/sources.list`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${work}/lists`,
  ];
  const apt = (...words: string[]) =>
    execFileSync("apt-get", [...settings.flatMap((setting) => ["-o", setting]), ...words], {
      cwd: work,
      stdio: "ignore",
      timeout: 60_000,
    });
  apt("update");
  apt("download", "openssh-client", "openssh-server");
  for (const name of readdirSync(work).filter((file) => file.endsWith(".deb"))) {
    execFileSync("dpkg-deb", ["-x", join(work, name), join(work, "unpacked")]);
  }
  renameSync(join(work, "unpacked"), home);
}
