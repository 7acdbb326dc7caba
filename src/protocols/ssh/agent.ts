import { createPrivateKey } from "node:crypto";
import { connect } from "node:net";
import { Fault } from "../../core/index.ts";
import { fieldReader, string, uint32 } from "./fields.ts";
import { parsePrivateKey } from "./keys.ts";

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const ADD_ID_CONSTRAINED = 25;
const SUCCESS = 6;
const LIFETIME = 1;
const WAIT_MS = 10_000;
const LONGEST_ANSWER = 256 * 1024;

/** A running ssh-agent. Its faults say what to do instead. */
export interface SshAgent {
  /** Fault `unavailable` when no agent answers. */
  check(): Promise<void>;
  /**
   * Hands over an Ed25519 key with its certificate, for so many seconds: afterwards the agent forgets both. Fault
   * `unavailable` when it does not take them.
   */
  add(identity: { privateKey: string; certificate: string; comment: string; seconds: number }): Promise<void>;
}

/** The ssh-agent behind a Unix socket (draft-ietf-sshm-ssh-agent). */
export function sshAgentAt(socketPath: string): SshAgent {
  return {
    async check() {
      const answer = await ask(socketPath, Buffer.of(REQUEST_IDENTITIES));
      if (answer[0] !== IDENTITIES_ANSWER) throw silent();
    },
    async add({ privateKey, certificate, comment, seconds }) {
      const [type = "", body = ""] = certificate.split(" ");
      const jwk = createPrivateKey(parsePrivateKey(privateKey).getPrivatePEM()).export({ format: "jwk" });
      const point = Buffer.from(jwk.x ?? "", "base64url");
      const seed = Buffer.from(jwk.d ?? "", "base64url");
      const request = Buffer.concat([
        Buffer.of(ADD_ID_CONSTRAINED),
        string(type),
        string(Buffer.from(body, "base64")),
        string(point),
        string(Buffer.concat([seed, point])),
        string(comment),
        Buffer.of(LIFETIME),
        uint32(Math.max(1, Math.floor(seconds))),
      ]);
      const answer = await ask(socketPath, request);
      if (answer[0] !== SUCCESS)
        throw new Fault("unavailable", "The ssh-agent did not take the key. Write it to a file: --out FILE");
    },
  };
}

const silent = (): Fault =>
  new Fault("unavailable", "No ssh-agent answers. Start one (ssh-agent), or write the key to a file: --out FILE");

/** One request and its answer; a message is a uint32 length and as many bytes. */
function ask(socketPath: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    const end = (answer: Buffer | null): void => {
      socket.destroy();
      if (answer) resolve(answer);
      else reject(silent());
    };
    socket.setTimeout(WAIT_MS, () => end(null));
    socket.on("error", () => end(null));
    socket.on("close", () => end(null));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (bytes.length < 5) return;
      const length = bytes.readUInt32BE();
      if (length === 0 || length > LONGEST_ANSWER) end(null);
      else if (bytes.length >= 4 + length) end(fieldReader(bytes).string());
    });
    socket.write(string(request));
  });
}
