import { spawn } from "node:child_process";
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private FreeRADIUS server. */
export interface FreeRadius {
  readonly address: string;
  readonly secret: string;
  log(): string;
  readonly pid: number;
  stop(): Promise<void>;
}

const NOBODY = 65_534;

/**
 * Starts one on a free port; needs the package freeradius. It knows ann (ann-password, Class "ops"), token (code 123456),
 * and asks chal a question that "654321" answers. `signs` false: answers go without Message-Authenticator.
 */
export async function startFreeRadius(options: { signs?: boolean } = {}): Promise<FreeRadius> {
  const { signs = true } = options;
  const folder = await mkdtemp(join(tmpdir(), "radius-"));
  const port = await freeUdpPort();
  const secret = "the-shared-secret-1";
  const signature = signs ? "update reply {\n &Message-Authenticator := 0x00\n }" : "noop";
  const conf = `
prefix = /usr
raddbdir = ${folder}
libdir = /usr/lib/freeradius
logdir = ${folder}
run_dir = ${folder}
db_dir = ${folder}
pidfile = ${folder}/pid
max_request_time = 10
log { destination = stdout }
security {
  max_attributes = 200
  reject_delay = 0
  status_server = no
}
thread pool {
  start_servers = 1
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 2
}
modules {
  pap {
    normalise = no
  }
  files {
    usersfile = ${folder}/users
  }
  always handled {
    rcode = handled
  }
  always noop {
    rcode = noop
  }
}
client local {
  ipaddr = 127.0.0.1
  secret = ${secret}
  require_message_authenticator = yes
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    if (&User-Name == "chal") {
      if (!&State) {
        update control {
          &Response-Packet-Type := Access-Challenge
        }
        update reply {
          &Reply-Message := "Type the number we sent you"
          &State := 0x73746174652d31
        }
        ${signature}
        handled
      }
      elsif (&State == 0x73746174652d31) {
        update control {
          &Cleartext-Password := "654321"
        }
      }
    }
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
  post-auth {
    ${signature}
    Post-Auth-Type REJECT {
      ${signature}
    }
  }
}
`;
  const users = `ann Cleartext-Password := "ann-password"
  Class := "ops",
  Filter-Id := "staff"

token Cleartext-Password := "123456"

long Cleartext-Password := "${"0123456789".repeat(11)}"
`;
  await writeFile(join(folder, "radiusd.conf"), conf);
  await writeFile(join(folder, "users"), users);
  await writeFile(join(folder, "dictionary"), "");
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await chown(folder, NOBODY, NOBODY);
    for (const name of await readdir(folder)) await chown(join(folder, name), NOBODY, NOBODY);
  }
  await chmod(folder, 0o755);
  const child = spawn("/usr/sbin/freeradius", ["-f", "-x", "-l", "stdout", "-d", folder, "-n", "radiusd"], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  let log = "";
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const heard = (chunk: Buffer): void => {
        log = (log + chunk.toString()).slice(-200_000);
        if (log.includes("Ready to process requests")) resolve();
      };
      child.stdout.on("data", heard);
      child.stderr.on("data", heard);
      child.once("exit", () => reject(new Error(`freeradius did not start: ${log}`)));
      setTimeout(() => reject(new Error(`freeradius was not ready: ${log}`)), 20_000).unref();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, secret, log: () => log, pid: child.pid ?? 0, stop };
}

export function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.on("error", reject);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
