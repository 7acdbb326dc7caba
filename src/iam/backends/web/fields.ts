import { z } from "zod";
import { plain } from "../../../core/index.ts";
import { CertificateText } from "../fields.ts";

/** An address of a provider: https, without user, password and fragment. */
export const ProviderUrl = plain(
  z
    .string()
    .trim()
    .max(2048)
    .refine((text) => isProviderUrl(text), "Give an address that begins with https://."),
);

/** The same, or nothing. */
export const OptionalProviderUrl = plain(
  z
    .string()
    .trim()
    .max(2048)
    .refine((text) => text === "" || isProviderUrl(text), "Give an address that begins with https://."),
);

function isProviderUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return protocol === "https:" && username === "" && password === "" && hash === "";
}

/** Whom to trust on the way to the provider, and how long to wait for it. */
export const reachSettings = {
  ca: CertificateText.default("").describe("Certificates of authorities to trust beside the well-known ones (PEM)"),
  timeoutSeconds: z.number().int().min(1).max(10).default(10).describe("Seconds to wait for each answer"),
};
