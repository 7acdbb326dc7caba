import { X509Certificate } from "node:crypto";
import { Fault } from "../../../core/index.ts";
import type { BackendCall } from "../backend.ts";
import { keptFor } from "./kept.ts";
import { askProvider, type Reach } from "./request.ts";
import { type Element, elementsOf, parseXml } from "./xml.ts";

/** What an identity provider says of itself. */
export interface SamlProvider {
  readonly entityId: string;
  /** Where people are sent, by redirect. */
  readonly signInUrl: string;
  /** Certificates in force whose keys sign, as PEM. */
  readonly certificates: readonly string[];
}

interface Source extends Reach {
  readonly metadataUrl: string;
  readonly metadataXml: string;
}

const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const fetched = keptFor<string>(5 * 60_000);

/** Reads the provider's metadata, pasted or from its address. Fault `invalid` or `upstream` that says what is missing. */
export async function samlProvider({ settings, signal }: Pick<BackendCall<Source>, "settings" | "signal">) {
  const { metadataUrl, metadataXml, ca } = settings;
  if (metadataXml) return providerIn(metadataXml);
  if (!metadataUrl) throw new Fault("invalid", "Give the provider's metadata: its address, or the XML.");
  return providerIn(
    await fetched([metadataUrl, ca], async () => {
      const { status, body } = await askProvider({ url: metadataUrl, reach: settings, signal });
      if (status !== 200) throw new Fault("upstream", `The address of the metadata answers HTTP ${status}.`);
      return body;
    }),
  );
}

export function providerIn(xml: string, now = new Date()): SamlProvider {
  const root = parseXml(xml.trim());
  const found = elementsOf(root, "EntityDescriptor").find((one) => one.children.some(isProvider));
  const role = found?.children.find(isProvider);
  const entityId = found?.attributes.entityID ?? "";
  if (!found || !role || entityId === "") throw new Fault("invalid", "The metadata describe no identity provider.");
  for (const { attributes } of [root, found, role]) {
    if (attributes.validUntil && !(Date.parse(attributes.validUntil) > now.getTime())) {
      throw new Fault("upstream", "The provider's metadata are out of date. Fetch or paste them anew.");
    }
  }
  const service = role.children.find(
    ({ name, attributes }) => name === "SingleSignOnService" && attributes.Binding === REDIRECT,
  );
  const signInUrl = service?.attributes.Location ?? "";
  if (!signInUrl.startsWith("https://")) {
    throw new Fault("invalid", "The metadata name no address with https for signing in by redirect.");
  }
  const certificates = inForce(role, now);
  if (certificates.length === 0) {
    throw new Fault("upstream", "The provider's signing certificate is missing or has expired. Renew its metadata.");
  }
  return { entityId, signInUrl, certificates };
}

const isProvider = ({ name }: Element): boolean => name === "IDPSSODescriptor";

function inForce(role: Element, now: Date): string[] {
  const keys = role.children.filter(
    ({ name, attributes }) => name === "KeyDescriptor" && (attributes.use ?? "signing") === "signing",
  );
  const texts = keys.flatMap((key) => elementsOf(key, "X509Certificate")).map(({ text }) => text.replace(/\s/g, ""));
  return texts.flatMap((text) => {
    const pem = `-----BEGIN CERTIFICATE-----\n${text.replace(/(.{64})/g, "$1\n").trim()}\n-----END CERTIFICATE-----\n`;
    try {
      const { validFromDate, validToDate } = new X509Certificate(pem);
      return validFromDate <= now && now < validToDate ? [pem] : [];
    } catch {
      return [];
    }
  });
}
