import { type Certificate, certificateOf, certificateProofHolds, isCertificateAlgorithm } from "./certificate.ts";
import { fingerprintOf, signatureHolds } from "./keys.ts";
import { DISCONNECT, type Handlers, type KeyRequest } from "./wire.ts";
import type { Transport } from "./transport.ts";

export interface OfferedKey {
  readonly type: string;
  readonly blob: Buffer;
  /** Of the key itself, also where a certificate was shown. */
  readonly fingerprintSha256: string;
  /** Null: a plain key. */
  readonly certificate: Certificate | null;
}

export interface Prompt {
  readonly prompt: string;
  readonly echo: boolean;
}

interface Ask {
  /** Asks the person at the client; null: the client gave up or tried something else. */
  prompt(ask: { name?: string; words?: string; prompts: readonly Prompt[] }): Promise<readonly string[] | null>;
}

/** One try to sign in. A "publickey-proof" was verified before it is reported; a "publickey-offer" proves nothing. */
export type AuthAttempt = { readonly username: string } & (
  | { readonly method: "none" }
  | { readonly method: "password"; readonly password: string }
  | { readonly method: "publickey-offer"; readonly key: OfferedKey }
  | { readonly method: "publickey-proof"; readonly key: OfferedKey }
  | ({ readonly method: "keyboard-interactive" } & Ask)
);

export type AuthMethod = "password" | "publickey" | "keyboard-interactive";

/**
 * `continue`: this factor was right, the methods named may give the next; "accept" of an offer only invites its proof.
 * `refuse`: rejected, with words for the person (RFC 4252 section 5.4).
 */
export type AuthVerdict =
  | "accept"
  | "reject"
  | { readonly continue: readonly AuthMethod[] }
  | { readonly refuse: string };

const QUEUED = 4;
const MAX_ANSWERS = 16;

type Request = { user: string; method: string; data: unknown };

/** Null: a certificate that is none. */
function keyOf({ keyAlgo, key }: KeyRequest): OfferedKey | null {
  const blob = Buffer.from(key);
  if (!isCertificateAlgorithm(keyAlgo))
    return { type: keyAlgo, blob, fingerprintSha256: fingerprintOf(blob), certificate: null };
  const certificate = certificateOf(keyAlgo, blob);
  return certificate && { type: keyAlgo, blob, fingerprintSha256: certificate.fingerprint, certificate };
}

function isProved({ blob, certificate }: OfferedKey, request: KeyRequest, signature: Buffer, data: Buffer): boolean {
  const algorithm = request.keyAlgo;
  if (certificate) return certificateProofHolds({ algorithm, blob, data, signature });
  return signatureHolds({ blob, algorithm, hash: request.hashAlgo, data, signature });
}

/**
 * The server's side of RFC 4252 and 4256 as a state machine: one user name, one attempt at a time, a bounded number of
 * them. An offer is never a sign-in, whatever the verdict on it.
 */
export function createServerAuth(deps: {
  transport: () => Transport;
  methods: readonly AuthMethod[];
  maxAttempts: number;
  authenticate(attempt: AuthAttempt): Promise<AuthVerdict>;
  signedIn(username: string): void;
}) {
  const { transport, maxAttempts } = deps;
  let methods = deps.methods;
  let username: string | undefined;
  let state: "waiting" | "busy" | "done" = "waiting";
  let services = 0;
  let attempts = 0;
  let asked = false;
  let answer: ((answers: readonly string[] | null) => void) | undefined;
  const queue: Request[] = [];

  const give = (answers: readonly string[] | null) => {
    const waiting = answer;
    answer = undefined;
    waiting?.(answers);
  };
  const stop = (words: string, reason: number = DISCONNECT.protocolError) => {
    state = "done";
    queue.length = 0;
    give(null);
    transport().end(words, reason);
  };

  /** Null: not an attempt that may be put to the caller. */
  function toAttempt({ user, method, data }: Request): AuthAttempt | null {
    if (method === "none") return { method, username: user };
    if (method === "password" && typeof data === "string") return { method, username: user, password: data };
    if (method === "keyboard-interactive") return { method, username: user, prompt };
    if (method !== "publickey") return null;
    const request = data as KeyRequest;
    if (request.keyAlgo === "ssh-rsa" && !request.hashAlgo) return null;
    const key = keyOf(request);
    if (!key) return null;
    if (!request.signature || !request.blob) return { method: "publickey-offer", username: user, key };
    return isProved(key, request, request.signature, request.blob)
      ? { method: "publickey-proof", username: user, key }
      : null;
  }
  function prompt({ name = "", words = "", prompts }: Parameters<Ask["prompt"]>[0]): Promise<readonly string[] | null> {
    give(null);
    if (state === "done" || transport().over) return Promise.resolve(null);
    transport().protocol.authInfoReq(
      name,
      words,
      prompts.slice(0, MAX_ANSWERS).map(({ prompt: text, echo }) => ({ prompt: text, echo })),
    );
    return new Promise((resolve) => (answer = resolve));
  }
  function reject(partial = false): void {
    if (attempts >= maxAttempts && !partial) return stop("Too many attempts to sign in.", DISCONNECT.noMoreAuthMethods);
    transport().protocol.authFailure(methods, partial);
  }
  function decide(request: Request, attempt: AuthAttempt, verdict: AuthVerdict): void {
    if (state === "done" || transport().over) return;
    if (typeof verdict === "object" && "refuse" in verdict) {
      transport().protocol.authBanner(`${verdict.refuse.replaceAll(/\p{Cc}/gu, " ")}\r\n`);
      return reject();
    }
    if (typeof verdict === "object") {
      methods = verdict.continue;
      return reject(attempt.method !== "publickey-offer");
    }
    if (verdict === "reject") return reject();
    if (attempt.method === "publickey-offer") {
      const { keyAlgo, hashAlgo, key } = request.data as KeyRequest;
      return transport().protocol.authPKOK(hashAlgo ? `rsa-sha2-${hashAlgo.slice(3)}` : keyAlgo, key);
    }
    state = "done";
    queue.length = 0;
    transport().protocol.authSuccess();
    deps.signedIn(attempt.username);
  }
  async function handle(request: Request): Promise<void> {
    state = "busy";
    if (request.method !== "none" || asked) attempts += 1;
    asked = true;
    const attempt = toAttempt(request);
    try {
      if (attempt) decide(request, attempt, await deps.authenticate(attempt));
      else reject();
    } catch {
      if (!transport().over) stop("The sign-in cannot be checked just now. Try again later.", DISCONNECT.byApplication);
    }
    if (state !== "busy") return;
    state = "waiting";
    const next = queue.shift();
    if (next) void handle(next);
  }

  const handlers: Handlers = {
    SERVICE_REQUEST(p, service) {
      // paramiko asks for the service anew before each method.
      if (state === "done") return;
      services += 1;
      if (services > maxAttempts || service !== "ssh-userauth")
        return stop("There is no such service.", DISCONNECT.serviceNotAvailable);
      p.serviceAccept(service);
    },
    USERAUTH_REQUEST(_p, user, service, method, data) {
      if (state === "done") return;
      if (services === 0 || service !== "ssh-connection")
        return stop("There is no such service.", DISCONNECT.serviceNotAvailable);
      if (username !== undefined && username !== user) return stop("The user name must not change during the sign-in.");
      username = user;
      if (state === "waiting") return void handle({ user, method, data });
      if (queue.length >= QUEUED) return stop("Too many requests at once.");
      queue.push({ user, method, data });
      give(null);
    },
    USERAUTH_INFO_RESPONSE: (_p, answers) => give(answers.slice(0, MAX_ANSWERS)),
  };
  return { handlers, stop };
}
