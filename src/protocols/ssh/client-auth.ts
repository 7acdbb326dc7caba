import { Fault } from "../../core/index.ts";
import { rsaSignatures } from "./algorithms.ts";
import type { Handlers, ParsedKey, Protocol } from "./wire.ts";

/** What an account signs in with on the target. */
export type SshCredential =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "key"; readonly privateKey: string; readonly passphrase?: string | undefined };

type Ready =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "key"; readonly key: ParsedKey };

const HASHES: Record<string, string> = { "rsa-sha2-512": "sha512", "rsa-sha2-256": "sha256", "ssh-rsa": "sha1" };

/**
 * Signs an account in (RFC 4252, RFC 4256). A password goes out by the method "password"; only where the target does not
 * offer that, it answers the first keyboard-interactive question, if that is a single hidden one. Never more than once.
 */
export function createClientAuth(deps: {
  username: string;
  where: string;
  legacy: boolean;
  protocol: () => Protocol;
  done: (fault: Fault | null) => void;
}) {
  const { username, where, legacy, protocol, done } = deps;
  let credential: Ready | undefined;
  let trying: "password" | "keyboard-interactive" | "publickey" | undefined;
  let accepted: string[] | undefined;
  let algorithms: string[] = [];
  let answered = false;
  let over = false;

  const finish = (fault: Fault | null) => {
    if (over) return;
    over = true;
    credential = undefined;
    done(fault);
  };
  const refuse = (words: string, details?: Record<string, unknown>) =>
    finish(new Fault("upstream", `${where} ${words}`, { reason: "credential", ...details }));

  function sendPassword(password: string): void {
    trying = "password";
    protocol().authPassword(username, password);
  }
  function sendKey(key: ParsedKey): void {
    const algorithm = algorithms.shift();
    if (!algorithm) return refuse(`does not accept the signature kinds of the RSA key of account ${username}.`);
    trying = "publickey";
    protocol().authPK(username, key, algorithm, (data, send) => {
      const signature = key.sign(data, HASHES[algorithm]);
      if (signature instanceof Error)
        refuse(`could not be signed in to: the key of account ${username} does not sign.`);
      else send(signature);
    });
  }
  function begin(given: Ready): void {
    if (over) return;
    credential = given;
    if (given.kind === "password") return sendPassword(given.password);
    algorithms = signatureKinds(given.key, accepted, legacy);
    sendKey(given.key);
  }
  function refused(methods: string[], partial: boolean): void {
    if (over || !credential) return;
    const offers = methods.join(", ") || "nothing else";
    if (partial)
      return refuse(
        `accepted the first factor of account ${username} and asks for another (${offers}), which the gate cannot give.`,
      );
    if (credential.kind === "key") {
      if (algorithms.length > 0 && methods.includes("publickey")) return sendKey(credential.key);
      return refuse(
        `refused the key of account ${username}${methods.includes("publickey") ? "" : ` (it offers: ${offers})`}.`,
      );
    }
    if (trying === "password" && !methods.includes("password") && methods.includes("keyboard-interactive")) {
      trying = "keyboard-interactive";
      return protocol().authKeyboard(username);
    }
    const known = methods.includes("password") || methods.includes("keyboard-interactive");
    refuse(`refused the password of account ${username}${known ? "" : ` (it offers: ${offers})`}.`);
  }
  function asked(prompts: { prompt: string; echo: boolean }[] | undefined): void {
    if (over || trying !== "keyboard-interactive") return;
    if (!prompts || prompts.length === 0) return protocol().authInfoRes([]);
    const [first] = prompts;
    if (answered || prompts.length !== 1 || !first || first.echo || credential?.kind !== "password") {
      return refuse(`asks account ${username} for more than the password, which the gate cannot answer.`);
    }
    answered = true;
    protocol().authInfoRes([credential.password]);
  }

  const handlers: Handlers = {
    EXT_INFO(_p, extensions) {
      accepted ??= extensions.find((extension) => extension.name === "server-sig-algs")?.algs;
    },
    USERAUTH_SUCCESS: () => finish(null),
    USERAUTH_FAILURE: (_p, methods, partial) => refused(methods, partial),
    USERAUTH_INFO_REQUEST: (_p, _name, _words, prompts) => asked(prompts),
    USERAUTH_PASSWD_CHANGEREQ: () => refuse(`demands a new password for account ${username} before it lets it in.`),
  };
  return { handlers, begin };
}

/** The signature algorithms to try. A target that does not list its own is tried with each, the strongest first. */
function signatureKinds(key: ParsedKey, accepted: readonly string[] | undefined, legacy: boolean): string[] {
  if (key.type !== "ssh-rsa") return [key.type];
  return rsaSignatures(legacy).filter((kind) => !accepted || accepted.includes(kind));
}
