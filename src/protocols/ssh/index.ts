export type { ByteChannel, ChannelListener, Exit, Pty, Stream } from "./channel.ts";
export { type ConnectSsh, connectSsh, type SshCredential, type SshTarget } from "./client.ts";
export { type ClientSession, refuse, type SessionListener } from "./client-session.ts";
export { dial } from "./dial.ts";
export {
  fingerprintOf,
  generateKeyPair,
  type PublicKey,
  parsePrivateKey,
  parsePublicKey,
  publicKeyOf,
} from "./keys.ts";
export { type RelayEnd, relay, type Tap } from "./relay.ts";
export {
  type ConnectionHandler,
  createSshServer,
  type SshConnection,
  type SshLimits,
  type SshServer,
  type SshServerOptions,
} from "./server.ts";
export type { AuthAttempt, AuthMethod, AuthVerdict, OfferedKey, Prompt } from "./server-auth.ts";
export type { TargetSession } from "./target-session.ts";
export type { Keepalive, TransportEnd } from "./transport.ts";
