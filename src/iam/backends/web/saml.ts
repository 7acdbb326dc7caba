import { randomBytes } from "node:crypto";
import { generateServiceProviderMetadata, type Profile, SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import { z } from "zod";
import { Fault, plain, secret } from "../../../core/index.ts";
import type { BackendCall, RedirectBackend } from "../backend.ts";
import { CertificateText } from "../fields.ts";
import { claimAt, claimSettings, type Claims, identityOf, textOf } from "./claims.ts";
import { reachSettings, OptionalProviderUrl } from "./fields.ts";
import { checkAssertion, refused, SKEW_MS } from "./saml-assertion.ts";
import { type SamlProvider, samlProvider } from "./saml-metadata.ts";
import { elementsOf, parseXml } from "./xml.ts";

const Claim = plain(z.string().trim().max(256));
const Settings = z
  .object({
    metadataUrl: OptionalProviderUrl.default("").describe("Address of the provider's metadata"),
    metadataXml: plain(z.string().trim().max(500_000)).default("").describe("Or the provider's metadata as XML"),
    entityId: plain(z.string().trim().max(1024))
      .default("")
      .describe("What Sallyport calls itself there; empty: the address of its own metadata"),
    nameIdFormat: plain(z.string().trim().max(256))
      .default("")
      .describe("Format of the name identifier to ask for; empty: what the provider likes"),
    subjectClaim: Claim.default("").describe("Attribute that names the person for good; empty: the name identifier"),
    ...claimSettings,
    loginNameClaim: Claim.default("uid").describe("Attribute with the login name"),
    nameClaim: Claim.default("displayName").describe("Attribute with the person's name"),
    emailClaim: Claim.default("mail").describe("Attribute with the mail address"),
    certificate: CertificateText.default("").describe(
      "Sallyport's own certificate (PEM), to sign and to be encrypted to",
    ),
    privateKey: secret(z.string().max(20_000)).default("").describe("Its private key (PEM)"),
    ...reachSettings,
  })
  .refine(({ certificate, privateKey }) => (certificate === "") === (privateKey === ""), {
    path: ["privateKey"],
    message: "Give certificate and private key together.",
  });
type Settings = z.output<typeof Settings>;

const Memory = z.object({ requestId: z.string(), askedAt: z.string() });
const MAX_AGE_MS = 5 * 60_000;
/** In the document's own words; SHA-1 is no signature any more. */
const WEAK = /(#rsa-sha1|#dsa-sha1|#hmac-sha1|rsa-md5)$/;

const entityIdOf = ({ settings, id }: Pick<BackendCall<Settings>, "settings" | "id">, callback: string): string =>
  settings.entityId || `${new URL(callback).origin}/api/sign-in/metadata/${id}`;

/** The library, set for one request: whatever answers another one is refused. */
function samlFor(
  call: BackendCall<Settings>,
  provider: SamlProvider,
  at: { readonly callback: string; readonly requestId: string; readonly askedAt: string },
): SAML {
  const { settings } = call;
  const entityId = entityIdOf(call, at.callback);
  const known = async (id: string | null): Promise<string | null> => (id === at.requestId ? at.askedAt : null);
  return new SAML({
    issuer: entityId,
    audience: entityId,
    callbackUrl: at.callback,
    entryPoint: provider.signInUrl,
    idpCert: [...provider.certificates],
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: false,
    validateInResponseTo: ValidateInResponseTo.always,
    requestIdExpirationPeriodMs: 2 * MAX_AGE_MS,
    cacheProvider: { saveAsync: async () => null, getAsync: known, removeAsync: async (id) => id },
    generateUniqueId: () => at.requestId,
    acceptedClockSkewMs: SKEW_MS,
    maxAssertionAgeMs: MAX_AGE_MS,
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    disableRequestedAuthnContext: true,
    identifierFormat: settings.nameIdFormat || null,
    ...(settings.privateKey && { privateKey: settings.privateKey, decryptionPvk: settings.privateKey }),
  });
}

async function begin(call: BackendCall<Settings>, { callback }: { readonly callback: string }) {
  const provider = await samlProvider(call);
  const memory = { requestId: `_${randomBytes(24).toString("hex")}`, askedAt: new Date().toISOString() };
  const relay = randomBytes(32).toString("base64url");
  const location = await samlFor(call, provider, { callback, ...memory }).getAuthorizeUrlAsync(relay, undefined, {});
  return { location, memory, relay };
}

const finish: RedirectBackend<Settings>["finish"] = async (call, { callback, answer, memory, spend }) => {
  const provider = await samlProvider(call);
  const asked = Memory.parse(memory);
  const response = answer.posted ?? "";
  checkEnvelope(response, callback);
  const profile = await verified(samlFor(call, provider, { callback, ...asked }), response);
  const proved = checkAssertion(
    profile.getAssertion?.(),
    { entityId: provider.entityId, requestId: asked.requestId, callback },
    new Date(),
  );
  if (!(await spend(`${provider.entityId} ${proved.id}`, proved.until))) throw refused("it was used already");
  const attributes = (profile.attributes ?? {}) as Claims;
  call.say(`The assertion holds ${Object.keys(attributes).join(", ") || "no attributes"}.`);
  const { subjectClaim } = call.settings;
  if (!subjectClaim && proved.nameIdFormat.endsWith(":transient")) {
    throw refused("the name identifier is new each time; an administrator must choose an attribute as subject");
  }
  const subject = subjectClaim ? textOf(claimAt(attributes, subjectClaim)) : proved.nameId;
  return identityOf({ issuer: provider.entityId, subject }, { NameID: proved.nameId, ...attributes }, call.settings);
};

/** Before any signature is looked at: bounded, without document type and comments, and addressed to us. */
function checkEnvelope(response: string, callback: string): void {
  const xml = Buffer.from(response, "base64").toString("utf8");
  const root = ((): ReturnType<typeof parseXml> => {
    try {
      return parseXml(xml, "refused");
    } catch {
      throw refused("it cannot be read");
    }
  })();
  if (root.name !== "Response" || (root.attributes.Destination ?? callback) !== callback) {
    throw refused("it is for another address");
  }
  if (elementsOf(root, "SignatureMethod").some(({ attributes }) => WEAK.test(attributes.Algorithm ?? ""))) {
    throw refused("its signature is too weak; the provider must use SHA-256");
  }
}

async function verified(saml: SAML, response: string): Promise<Profile> {
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
    if (profile) return profile;
  } catch (error) {
    throw refused(reasonOf(error));
  }
  throw refused("it names nobody");
}

/** The library's words where they hold nothing of the answer. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (/signature/i.test(message)) return "it is not signed by the provider";
  if (/audience/i.test(message)) return "it is for somebody else";
  if (/InResponseTo/i.test(message)) return "it answers another request";
  if (/expired|not yet valid|too old|subject confirmation/i.test(message))
    return "it is out of date; compare the clocks";
  if (/decryption|decrypt/i.test(message)) return "it cannot be decrypted";
  if (/SAML provider returned/.test(message)) return "the provider did not let you in";
  return "it is no assertion";
}

/** SAML 2, begun here, answered by POST; unsigned, unasked-for and repeated answers are refused. */
export const saml: RedirectBackend<Settings> = {
  kind: "saml",
  title: "SAML 2",
  flow: "redirect",
  answers: "post",
  settings: Settings,
  begin,
  finish,

  async check(call) {
    const { entityId, signInUrl, certificates } = await samlProvider(call);
    call.say(
      `${entityId} lets people sign in at ${new URL(signInUrl).host}; ${certificates.length} certificates are in force.`,
    );
    if (!certificates.length) throw new Fault("upstream", "No certificate is in force.");
  },

  async metadata(call, { callback }) {
    const { certificate, privateKey, nameIdFormat } = call.settings;
    return generateServiceProviderMetadata({
      issuer: entityIdOf(call, callback),
      callbackUrl: callback,
      wantAssertionsSigned: true,
      identifierFormat: nameIdFormat || null,
      ...(privateKey && {
        privateKey,
        decryptionPvk: privateKey,
        decryptionCert: certificate,
        publicCerts: certificate,
      }),
    });
  },
};
