import { FilterParser } from "ldapts";
import { z } from "zod";
import { plain, secret } from "../../../core/index.ts";
import { CertificateText, isLoopback, oneLine } from "../fields.ts";
import { filterFor } from "./filter.ts";

const Server = plain(
  z
    .string()
    .trim()
    .max(300)
    .regex(/^ldaps?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, "As in ldaps://directory.example.org:636"),
);
const Attribute = plain(
  z
    .string()
    .trim()
    .max(64)
    .regex(/^([A-Za-z][A-Za-z0-9-]*)?$/, "The name of an attribute."),
);
const filterFits = (text: string): boolean => {
  try {
    FilterParser.parseString(filterFor(text, { login: "x", dn: "x" }));
    return true;
  } catch {
    return false;
  }
};
const Filter = oneLine(1000).refine((text) => text === "" || filterFits(text), "Not a filter of RFC 4515.");

/** How a directory is reached and read. Empty fields take what is usual for the kind of directory. */
export const ldapSettings = z
  .object({
    servers: z
      .array(Server)
      .min(1, "Name a server.")
      .max(5)
      .describe("Servers, tried in turn: ldaps://directory.example.org, or ldap:// with StartTLS"),
    security: z
      .enum(["starttls", "none"])
      .default("starttls")
      .describe("Encryption of ldap:// servers; ldaps:// is always encrypted"),
    allowPlain: z
      .boolean()
      .default(false)
      .describe("Insecure: let passwords cross the network to an ldap:// server in the clear"),
    caCertificate: CertificateText.default("").describe(
      "Certificate of the directory's authority (PEM), if it is your own",
    ),
    directory: z.enum(["ldap", "active-directory"]).default("ldap").describe("What kind of directory it is"),
    bindDn: oneLine(1024).default("").describe("Name to read the directory as (DN); empty: anonymously"),
    bindPassword: secret(z.string().max(1024)).default("").describe("Password of that name"),
    bases: z
      .array(oneLine(1024).min(1))
      .min(1, "Name a base.")
      .max(10)
      .describe("Where people are, as in ou=people,dc=example,dc=org"),
    userFilter: Filter.refine((text) => text === "" || text.includes("{login}"), "It must contain {login}.")
      .default("")
      .describe("Filter that finds a person; {login} stands for the name that was typed"),
    loginAttribute: Attribute.default("").describe("Attribute with the login name: uid, sAMAccountName"),
    nameAttribute: Attribute.default("").describe("Attribute with the person's name: cn, displayName"),
    emailAttribute: Attribute.default("").describe("Attribute with the mail address: mail"),
    subjectAttribute: Attribute.default("").describe("Attribute that never changes: entryUUID, objectGUID"),
    groups: z
      .enum(["none", "attribute", "search"])
      .default("attribute")
      .describe(
        "How groups are found: not at all, by the person's memberOf, by a search for groups with the person as a member",
      ),
    groupBases: z.array(oneLine(1024).min(1)).max(10).default([]).describe("Where groups are; empty: where people are"),
    groupFilter: Filter.default("").describe("Filter that finds groups; {dn} is the member, {login} the login name"),
    nestedGroups: z.boolean().default(true).describe("Count groups within groups (only with a search)"),
    timeoutSeconds: z.number().int().min(1).max(10).default(5).describe("Seconds to wait for each answer"),
    syncMinutes: z
      .number()
      .int()
      .min(0)
      .max(10_080)
      .default(0)
      .describe("Bring people here every so many minutes; 0: only by hand"),
    disableMissing: z
      .boolean()
      .default(false)
      .describe("At a sync, disable linked users whom the directory does not have any more"),
    pageSize: z.number().int().min(10).max(1000).default(500).describe("Entries read at once during a sync"),
    reportTo: plain(z.union([z.literal(""), z.email("Not a mail address.").max(254)]))
      .default("")
      .describe("Who gets a message after a sync by schedule in which something changed or failed"),
  })
  .superRefine((settings, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    const plainFar = settings.servers.some(
      (server) =>
        server.startsWith("ldap://") &&
        !isLoopback(new URL(server.replace(/^ldap/, "http")).hostname.replace(/^\[|\]$/g, "")),
    );
    if (settings.security === "none" && plainFar && !settings.allowPlain) {
      refuse("security", "Without encryption everybody on the way reads the passwords. Use StartTLS or ldaps://.");
    }
    if ((settings.bindDn === "") !== (settings.bindPassword === "")) {
      refuse("bindPassword", "Give the name to read the directory as together with its password.");
    }
  });

export type LdapSettings = z.output<typeof ldapSettings>;

/** The same with what is usual where a field was left empty. */
export interface Directory extends LdapSettings {
  readonly issuer: string;
}

const USUAL = {
  ldap: {
    userFilter: "(&(objectClass=person)(uid={login}))",
    loginAttribute: "uid",
    nameAttribute: "cn",
    emailAttribute: "mail",
    subjectAttribute: "entryUUID",
    groupFilter: "(|(member={dn})(uniqueMember={dn})(memberUid={login}))",
  },
  "active-directory": {
    userFilter: "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={login})(userPrincipalName={login})))",
    loginAttribute: "sAMAccountName",
    nameAttribute: "displayName",
    emailAttribute: "mail",
    subjectAttribute: "objectGUID",
    // LDAP_MATCHING_RULE_IN_CHAIN: groups within groups, found by the server
    groupFilter: "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={dn}))",
  },
} as const;

export function directoryOf(settings: LdapSettings): Directory {
  const usual = USUAL[settings.directory];
  const filled = Object.entries(usual).map(([name, value]) => [name, settings[name as keyof typeof usual] || value]);
  return { ...settings, ...Object.fromEntries(filled), issuer: issuerOf(settings.bases[0] ?? "") };
}

/** The directory's domain: the dc= parts of its first base, or all of it when there are none. */
function issuerOf(base: string): string {
  const parts = base.toLowerCase().split(/\s*,\s*/);
  const domain = parts.filter((part) => part.startsWith("dc="));
  return `ldap:${(domain.length > 0 ? domain : parts).join(",")}`;
}
