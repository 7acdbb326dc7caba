import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from "@simplewebauthn/browser";
import i18next from "i18next";

/** What a factor shows when the authenticator itself has to answer. */
type Shown = Readonly<Record<string, unknown>>;

/** Whether the question is one for an authenticator: a passkey or a security key. */
export const needsAuthenticator = (shown: Shown): boolean =>
  typeof shown.publicKey === "object" && shown.publicKey !== null;

/** Whether passkeys work here: browsers know none under a bare IP address. */
export const passkeysWork = (): boolean =>
  browserSupportsWebAuthn() && !/^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(location.hostname);

/** Asks the authenticator for a proof; the answer as text. Throws an Error with words for the person. */
export const prove = (shown: Shown): Promise<string> =>
  asked(async () => startAuthentication({ optionsJSON: shown.publicKey as PublicKeyCredentialRequestOptionsJSON }));

/** Has the authenticator make a passkey; the answer as text. Throws an Error with words for the person. */
export const makePasskey = (shown: Shown): Promise<string> =>
  asked(async () => startRegistration({ optionsJSON: shown.publicKey as PublicKeyCredentialCreationOptionsJSON }));

async function asked(ask: () => Promise<unknown>): Promise<string> {
  if (!passkeysWork()) throw new Error(i18next.t("signIn.passkey.notHere"));
  try {
    return JSON.stringify(await ask());
  } catch (error) {
    throw new Error(wordsOf(error), { cause: error });
  }
}

function wordsOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (error instanceof WebAuthnError && error.code === "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED")
    return i18next.t("signIn.passkey.known");
  if (name === "InvalidStateError") return i18next.t("signIn.passkey.known");
  if (name === "NotAllowedError" || name === "AbortError") return i18next.t("signIn.passkey.cancelled");
  if (name === "SecurityError") return i18next.t("signIn.passkey.notHere");
  return i18next.t("signIn.passkey.failed");
}
