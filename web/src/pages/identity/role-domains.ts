export const DOMAINS = [
  "identity",
  "inventory",
  "credentials",
  "access",
  "sessions",
  "audit",
  "system",
  "other",
] as const;
export type Domain = (typeof DOMAINS)[number];

const DOMAIN_OF: Readonly<Record<string, Domain>> = {
  user: "identity",
  group: "identity",
  role: "identity",
  "site-role": "identity",
  "site-user": "identity",
  membership: "identity",
  "service-account": "identity",
  "sign-in-backend": "identity",
  "sign-in-block": "identity",
  organization: "identity",
  asset: "inventory",
  node: "inventory",
  protocol: "inventory",
  account: "credentials",
  grant: "access",
  session: "sessions",
  terminal: "sessions",
  recording: "sessions",
  audit: "audit",
  settings: "system",
  "organization-settings": "system",
  job: "system",
};

/** One thing that permissions speak of, with what may be done to it. */
export interface Held {
  readonly thing: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const READ = /(^|\.)(list|read|status)$/;

/** Permissions such as `user.ssh-key.add` by domain and thing (`user.ssh-key`), split into seeing and changing. */
export function byDomain(permissions: readonly string[]): readonly { domain: Domain; held: readonly Held[] }[] {
  const found = new Map<Domain, Map<string, { reads: string[]; writes: string[] }>>();
  for (const permission of [...permissions].sort()) {
    const at = permission.lastIndexOf(".");
    const thing = at > 0 ? permission.slice(0, at) : permission;
    const domain = DOMAIN_OF[thing.split(".")[0]!] ?? "other";
    const things = found.get(domain) ?? new Map<string, { reads: string[]; writes: string[] }>();
    const verbs = things.get(thing) ?? { reads: [], writes: [] };
    verbs[READ.test(permission) ? "reads" : "writes"].push(permission.slice(at + 1));
    things.set(thing, verbs);
    found.set(domain, things);
  }
  return DOMAINS.filter((domain) => found.has(domain)).map((domain) => ({
    domain,
    held: [...found.get(domain)!].map(([thing, verbs]) => ({ thing, ...verbs })),
  }));
}
