import { Client, type ClientChannel } from "ssh2";

/** Signs in over SSH and runs a command, or asks for a shell; everything that was seen, within 15 seconds. */
export function overSsh(to: {
  port: number;
  username: string;
  password: string;
  command: string | null;
}): Promise<string> {
  const { port, username, password, command } = to;
  const client = new Client();
  let seen = "";
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      client.end();
      resolve(seen);
    };
    const timer = setTimeout(done, 15_000);
    const end = (words: string): void => {
      seen += words;
      done();
    };
    const follow = (error: Error | undefined, stream?: ClientChannel): void => {
      if (error || !stream) return end(String(error));
      for (const part of [stream, stream.stderr]) part.on("data", (data: Buffer) => (seen += data.toString()));
      stream.on("close", done);
    };
    client.on("ready", () => (command === null ? client.shell(follow) : client.exec(command, follow)));
    client.on("error", (error) => end(`${error.message} ${error.level}`));
    client.on("banner", (text) => (seen += text));
    client.connect({ host: "127.0.0.1", port, username, password, readyTimeout: 12_000 });
  });
}
