import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { generate } from "selfsigned";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A real SMTP server on a free port of this machine. */
export interface MailServer {
  readonly port: number;
  /** Its certificate, which nobody but itself vouches for. */
  readonly certificate: string;
  readonly received: ParsedMail[];
  stop(): Promise<void>;
}

export const MAIL_USER = { user: "gate", password: "the-smtp-password-1" };

/** Takes mail by STARTTLS (or TLS at once) from the one user it knows, unless the options say otherwise. */
export async function startMailServer(
  options: SMTPServerOptions & { name?: string; port?: number } = {},
): Promise<MailServer> {
  const { name = "localhost", port = 0, ...more } = options;
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }],
  });
  const received: ParsedMail[] = [];
  const server = new SMTPServer({
    key,
    cert,
    authMethods: ["PLAIN", "LOGIN", "CRAM-MD5"],
    closeTimeout: 500,
    onAuth({ username, password, validatePassword }, _session, callback) {
      const right =
        username === MAIL_USER.user && (password === MAIL_USER.password || validatePassword?.(MAIL_USER.password));
      if (right) callback(null, { user: username ?? "" });
      else callback(null, { message: `No such user with ${password}` });
    },
    onData(stream, _session, callback) {
      simpleParser(stream, {}, (error: Error | null, mail) => {
        if (!error) received.push(mail);
        callback(error);
      });
    },
    ...more,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    certificate: cert,
    received,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Something that takes connections and says only what it is told to: nothing, or the lines, one by one. */
export async function startMuteServer(lines: readonly string[] = []): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let next = 0;
    const speak = (): void => {
      const line = lines[next++];
      if (line !== undefined) socket.write(`${line}\r\n`);
    };
    speak();
    socket.on("data", speak).on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
