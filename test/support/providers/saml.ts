import { createPublicKey } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import samlp from "samlp";
import { certificate, tlsServer } from "./tls.ts";

const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

export interface SamlPerson {
  readonly nameId: string;
  readonly format?: string;
  readonly claims: Record<string, unknown>;
}

/** What came with the browser, read as an identity provider reads it. */
export function readRequest(location: string) {
  const { searchParams } = new URL(location);
  const xml = inflateRawSync(Buffer.from(searchParams.get("SAMLRequest") ?? "", "base64")).toString();
  const attribute = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(xml)?.[1] ?? "";
  return {
    xml,
    id: attribute("ID"),
    issuer: /<saml:Issuer[^>]*>([^<]*)</.exec(xml)?.[1] ?? "",
    callback: attribute("AssertionConsumerServiceURL"),
    relay: searchParams.get("RelayState") ?? "",
    signed: searchParams.has("Signature"),
  };
}

/** samlp as an identity provider, its metadata behind TLS. */
export async function startSamlProvider(options: { readonly days?: number; readonly signingDays?: number } = {}) {
  const signing = await certificate(options.signingDays ?? 30);
  const bare = signing.cert.replace(/-----[^-]+-----|\s/g, "");
  const entityId = "https://idp.test/metadata";
  const metadataWith = (more = ""): string => `<?xml version="1.0"?>
<!-- an identity provider of a test -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entityId}" ${more}>
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.test/post"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.test/sso?tenant=1"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`;
  const server = await tlsServer((_request, response) => void response.end(metadataWith()), options.days);

  /** The response to the request in the address, as base64; `more` changes what samlp is asked for. */
  async function respond(location: string, person: SamlPerson, more: Record<string, unknown> = {}): Promise<string> {
    const request = readRequest(location);
    const config = {
      cert: signing.cert,
      key: signing.key,
      issuer: entityId,
      audience: request.issuer,
      recipient: request.callback,
      destination: request.callback,
      inResponseTo: request.id,
      lifetimeInSeconds: 300,
      signatureAlgorithm: "rsa-sha256",
      digestAlgorithm: "sha256",
      ...more,
      profileMapper: () => ({
        getClaims: () => person.claims,
        getNameIdentifier: () => ({ nameIdentifier: person.nameId, nameIdentifierFormat: person.format ?? PERSISTENT }),
      }),
    };
    const xml = await new Promise<string>((resolve, reject) => {
      samlp.getSamlResponse(config, {}, (error, response) => (error ? reject(error) : resolve(response)));
    });
    return Buffer.from(xml).toString("base64");
  }

  return {
    entityId,
    metadata: metadataWith(),
    metadataWith,
    url: server.url,
    ca: server.ca,
    signing,
    respond,
    close: server.close,
  };
}

/** What samlp needs to encrypt to a certificate. */
export const encryptedTo = (cert: string) => ({
  encryptionCert: cert,
  encryptionPublicKey: createPublicKey(cert).export({ format: "pem", type: "spki" }),
  encryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
});
