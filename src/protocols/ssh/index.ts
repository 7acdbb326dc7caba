export type { Exit, Pty, Stream } from "./channel.ts";
export { connectSsh, type ConnectSsh, type SshTarget } from "./client.ts";
export { type ClientSession, refuse, type SessionListener } from "./client-session.ts";
export { generateKeyPair, parsePrivateKey, parsePublicKey, publicKeyOf } from "./keys.ts";
export { relay, type RelayEnd, type Tap } from "./relay.ts";
export { createSshServer, type SshConnection, type SshServer, type SshServerOptions } from "./server.ts";
export type { AuthAttempt, AuthVerdict } from "./server-auth.ts";
export type { TargetSession } from "./target-session.ts";
export type { Keepalive } from "./transport.ts";
