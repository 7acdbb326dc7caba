import type { CDPSession, Page } from "playwright-core";

/** A virtual authenticator in the page's browser. */
export interface Authenticator {
  /** How many passkeys it holds. */
  count(): Promise<number>;
  /** Whether its holder proves with PIN or finger who they are. */
  verifies(verifies: boolean): Promise<void>;
  remove(): Promise<void>;
}

/** Plugs one in; `verifies` false: a key that can only be touched, and keeps no names of users. */
export async function plugIn(page: Page, options: { verifies: boolean }): Promise<Authenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: options.verifies ? "internal" : "usb",
      hasResidentKey: options.verifies,
      hasUserVerification: options.verifies,
      isUserVerified: options.verifies,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async count() {
      const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
      return credentials.length;
    },
    async verifies(isUserVerified) {
      await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    async remove() {
      await cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
      await cdp.detach();
    },
  };
}
