import { createRequire } from "node:module";

/**
 * The part of ssh2 that is used: its packet layer (key exchange, ciphers, packet codec). Who may sign in, channels, flow
 * control and pipes are ours. ssh2 is pinned exactly, patched (patches/) and seen only here.
 */
export interface Negotiated {
  readonly kex: string;
  readonly serverHostKey: string;
  readonly cs: { readonly cipher: string; readonly mac: string };
  readonly sc: { readonly cipher: string; readonly mac: string };
}

export interface Offer {
  kex: string[];
  serverHostKey: string[];
  cs: { cipher: string[]; mac: string[]; compress: string[]; lang: string[] };
  sc: { cipher: string[]; mac: string[]; compress: string[]; lang: string[] };
}

export interface ParsedKey {
  readonly type: string;
  readonly comment: string;
  getPublicSSH(): Buffer;
  getPrivatePEM(): string;
  isPrivateKey(): boolean;
  sign(data: Buffer, hash?: string): Buffer | Error;
}

export interface KeyRequest {
  readonly keyAlgo: string;
  readonly key: Buffer;
  readonly hashAlgo?: "sha256" | "sha512";
  readonly signature?: Buffer;
  readonly blob?: Buffer;
}

export interface ChannelOpen {
  readonly type: string;
  readonly sender: number;
  readonly window: number;
  readonly packetSize: number;
  readonly data: unknown;
}

/** What arrives, packet by packet. */
export interface Handlers {
  DISCONNECT?(p: Protocol, reason: number, words: string): void;
  SERVICE_REQUEST?(p: Protocol, name: string): void;
  SERVICE_ACCEPT?(p: Protocol, name: string): void;
  EXT_INFO?(p: Protocol, extensions: { name: string; algs: string[] }[]): void;
  USERAUTH_REQUEST?(p: Protocol, user: string, service: string, method: string, data: unknown): void;
  USERAUTH_FAILURE?(p: Protocol, methods: string[], partial: boolean): void;
  USERAUTH_SUCCESS?(p: Protocol): void;
  USERAUTH_BANNER?(p: Protocol, text: string): void;
  USERAUTH_PASSWD_CHANGEREQ?(p: Protocol, prompt: string): void;
  USERAUTH_PK_OK?(p: Protocol): void;
  USERAUTH_INFO_REQUEST?(p: Protocol, name: string, words: string, prompts: { prompt: string; echo: boolean }[]): void;
  USERAUTH_INFO_RESPONSE?(p: Protocol, answers: string[]): void;
  GLOBAL_REQUEST?(p: Protocol, name: string, wantReply: boolean, data: unknown): void;
  CHANNEL_OPEN?(p: Protocol, open: ChannelOpen): void;
  CHANNEL_OPEN_CONFIRMATION?(p: Protocol, open: Omit<ChannelOpen, "type"> & { recipient: number }): void;
  CHANNEL_OPEN_FAILURE?(p: Protocol, recipient: number, reason: number, words: string): void;
  CHANNEL_WINDOW_ADJUST?(p: Protocol, recipient: number, amount: number): void;
  CHANNEL_DATA?(p: Protocol, recipient: number, data: Buffer): void;
  CHANNEL_EXTENDED_DATA?(p: Protocol, recipient: number, data: Buffer, type: number): void;
  CHANNEL_EOF?(p: Protocol, recipient: number): void;
  CHANNEL_CLOSE?(p: Protocol, recipient: number): void;
  CHANNEL_REQUEST?(p: Protocol, recipient: number, type: string, wantReply: boolean, data: unknown): void;
  CHANNEL_SUCCESS?(p: Protocol, recipient: number): void;
  CHANNEL_FAILURE?(p: Protocol, recipient: number): void;
}

export interface ProtocolConfig {
  readonly server?: boolean;
  readonly hostKeys?: Readonly<Record<string, ParsedKey>>;
  readonly ident: string;
  readonly banner?: string | undefined;
  readonly offer: Offer;
  readonly messageHandlers: Handlers;
  onWrite(data: Buffer): void;
  onError(error: Error & { level?: string }): void;
  onHeader(header: { versions: { software: string } }): void;
  onHandshakeComplete(negotiated: Negotiated): void;
  debug?(message: string): void;
  /** Undefined: `decide` is called later, also before the key exchange goes on. */
  hostVerifier?(key: Buffer, decide: (accepted: boolean) => void): boolean | undefined;
}

type TerminalModes = Readonly<Record<string, number>>;

export interface Protocol {
  _debug: unknown;
  readonly _kexinit: unknown;
  start(): void;
  parse(chunk: Buffer, from: number, to: number): void;
  cleanup(): void;
  disconnect(reason: number, words?: string): void;
  ping(): void;
  rekey(): void;
  requestSuccess(): void;
  requestFailure(): void;
  service(name: string): void;
  serviceAccept(name: string): void;
  authPassword(username: string, password: string): void;
  authPK(
    username: string,
    key: ParsedKey,
    algorithm: string,
    sign?: (data: Buffer, done: (signature: Buffer) => void) => void,
  ): void;
  authKeyboard(username: string): void;
  authInfoRes(answers: string[]): void;
  authInfoReq(name: string, words: string, prompts: { prompt: string; echo: boolean }[]): void;
  authFailure(methods: readonly string[], partial: boolean): void;
  authSuccess(): void;
  authBanner(words: string): void;
  authPKOK(algorithm: string, key: Buffer): void;
  session(channel: number, window: number, packetSize: number): void;
  directTcpip(
    channel: number,
    window: number,
    packetSize: number,
    to: { srcIP: string; srcPort: number; dstIP: string; dstPort: number },
  ): void;
  channelOpenConfirm(remote: number, local: number, window: number, packetSize: number): void;
  channelOpenFail(remote: number, reason: number, words: string): void;
  channelData(channel: number, data: Buffer): void;
  channelExtData(channel: number, data: Buffer, type: number): void;
  channelWindowAdjust(channel: number, amount: number): void;
  channelEOF(channel: number): void;
  channelClose(channel: number): void;
  channelSuccess(channel: number): void;
  channelFailure(channel: number): void;
  env(channel: number, name: string, value: string, wantReply: boolean): void;
  pty(
    channel: number,
    rows: number,
    cols: number,
    height: number,
    width: number,
    term: string,
    modes: TerminalModes | null,
    wantReply: boolean,
  ): void;
  shell(channel: number, wantReply: boolean): void;
  exec(channel: number, command: string, wantReply: boolean): void;
  subsystem(channel: number, name: string, wantReply: boolean): void;
  windowChange(channel: number, rows: number, cols: number, height: number, width: number): void;
  signal(channel: number, name: string): void;
  break(channel: number, milliseconds: number): void;
  exitStatus(channel: number, status: number): void;
  exitSignal(channel: number, name: string, coreDumped: boolean, words: string): void;
}

const require = createRequire(import.meta.url);

export const Protocol = require("ssh2/lib/protocol/Protocol.js") as new (config: ProtocolConfig) => Protocol;
export const parseKey = (
  require("ssh2/lib/protocol/keyParser.js") as {
    parseKey(data: Buffer | string, passphrase?: string): ParsedKey | ParsedKey[] | Error;
  }
).parseKey;
const crypto = require("ssh2/lib/protocol/crypto.js") as {
  init: Promise<void>;
  bindingAvailable: boolean;
  recycle(packet: Buffer): void;
};

/** Resolves when ciphers can be used. */
export const cryptoReady: Promise<void> = crypto.init;
/** Gives a written packet's memory back. */
export const recycle = crypto.recycle;
/** Whether the native addon encrypts; without it throughput halves. */
export const nativeCrypto: boolean = crypto.bindingAvailable;

/** RFC 4250 section 4.2.2. */
export const DISCONNECT = {
  protocolError: 2,
  serviceNotAvailable: 7,
  byApplication: 11,
  noMoreAuthMethods: 14,
} as const;
/** RFC 4250 section 4.3. */
export const OPEN_FAILURE = { prohibited: 1, connectFailed: 2, unknownType: 3, shortage: 4 } as const;
/** RFC 4254 section 6.10. */
export const SIGNALS: ReadonlySet<string> = new Set([
  "ABRT",
  "ALRM",
  "FPE",
  "HUP",
  "ILL",
  "INT",
  "KILL",
  "PIPE",
  "QUIT",
  "SEGV",
  "TERM",
  "USR1",
  "USR2",
]);
