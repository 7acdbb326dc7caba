import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/program.ts";
import { runProgram } from "./run-program.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-refusals-"));
  await chmod(directory, 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("a start that cannot be", () => {
  const data = (name: string): string => join(directory, name);
  const listen = ["--listen", "127.0.0.1:0", "--ssh", "127.0.0.1:0"];
  const refused = async (args: readonly string[], options: { uid?: number } = {}) => {
    const { code, stderr, stdout } = await runProgram(args, { cwd: directory, ...options });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    return stderr;
  };
  const missing = async (path: string) => expect(await stat(path).catch(() => null)).toBeNull();

  it.each(["listen", "ssh"])(
    "--%s on a taken port names the port and the option, and makes nothing",
    async (option) => {
      const server = createServer();
      const port = await freePort();
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      const words = await refused(
        ["--data", data("taken"), ...listen, `--${option}`, `127.0.0.1:${port}`].filter((word, index, all) => {
          const first = all.indexOf(`--${option}`);
          return index !== first && index !== first + 1;
        }),
      );
      server.close();
      expect(words).toContain(`Port ${port} is taken`);
      expect(words).toContain(`--${option}`);
      await missing(data("taken"));
    },
  );

  it("unknown options and bad values", async () => {
    expect(await refused(["--colour", "red"])).toContain("--colour");
    expect(await refused(["--data", data("open"), "--listen", "0.0.0.0:0"])).toContain("--trusted-proxy");
    await missing(data("open"));
  });

  it("a database that does not answer", async () => {
    const words = await refused([
      "--data",
      data("nodb"),
      ...listen,
      "--database",
      `postgres://u:hunter2@127.0.0.1:${await freePort()}/x`,
    ]);
    expect(words).toContain("--database");
    expect(words).not.toContain("hunter2");
    await missing(data("nodb"));
  });

  it("a database that is too old", async () => {
    const server = await oldDatabase(14);
    const words = await refused([
      "--data",
      data("old"),
      ...listen,
      "--database",
      `postgres://u@127.0.0.1:${server.port}/x`,
    ]);
    await server.close();
    expect(words).toContain("PostgreSQL 14; version 15 or newer is needed");
    await missing(data("old"));
  });

  it("a data directory that is a file, or that others can read", async () => {
    await writeFile(data("file"), "");
    expect(await refused(["--data", data("file"), ...listen])).toContain("not a directory");
    await mkdir(data("wide"), { mode: 0o755 });
    expect(await refused(["--data", data("wide"), ...listen])).toContain(`chmod 700 ${data("wide")}`);
    expect(await readdir(data("wide"))).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("a data directory that is not writable, or belongs to somebody else", async () => {
    await mkdir(data("roots"), { mode: 0o755 });
    expect(await refused(["--data", join(data("roots"), "below"), ...listen], { uid: 65_534 })).toContain(
      "not writable",
    );
    await mkdir(data("mine"), { mode: 0o700 });
    expect(await refused(["--data", data("mine"), ...listen], { uid: 65_534 })).toContain("belongs to user 0");
    execFileSync("chown", ["65534", data("mine")]);
    expect(await refused(["--data", data("mine"), ...listen])).toContain("belongs to user 65534");
  });
});

/** No old server can be installed beside the new ones: this one answers every question with its version (protocol 3.0). */
async function oldDatabase(major: number) {
  const message = (type: string, body: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  const ready = message("Z", Buffer.from("I"));
  const column = Buffer.concat([
    Buffer.from("\0\x01answer\0"),
    Buffer.from("000000000000000000170004ffffffff0000", "hex"),
  ]);
  const value = Buffer.from(String(major));
  const row = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, value.length]), value]);
  const answer = [message("T", column), message("D", row), message("C", Buffer.from("SELECT 1\0")), ready];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(Buffer.concat([message("R", Buffer.alloc(4)), ready]));
      socket.on("data", (asked) => asked[0] === "Q".charCodeAt(0) && socket.write(Buffer.concat(answer)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}
