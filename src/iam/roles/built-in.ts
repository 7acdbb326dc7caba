/** The roles that every installation has. `holds` picks from the names of all guarded actions. */
export interface BuiltInRole {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly scope: "system" | "organization";
  /** Whether it holds the permission; `ofSystem`: the permission is about the site as a whole. */
  holds(permission: string, ofSystem: boolean): boolean;
}

const AUDITED = ["audit.", "session.", "recording."];
const READS = /\.(list|read|status)$/;

const isAudited = (permission: string): boolean =>
  permission !== "session.terminate" &&
  (AUDITED.some((start) => permission.startsWith(start)) || READS.test(permission));

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  {
    id: "system-administrator",
    name: "System administrator",
    description: "Everything, in every organization and over the site itself.",
    scope: "system",
    holds: () => true,
  },
  {
    id: "system-auditor",
    name: "System auditor",
    description: "Sees what auditors see, in every organization and of the site itself. Changes nothing.",
    scope: "system",
    holds: isAudited,
  },
  {
    id: "administrator",
    name: "Administrator",
    description: "Everything in the organization.",
    scope: "organization",
    holds: (_, ofSystem) => !ofSystem,
  },
  {
    id: "auditor",
    name: "Auditor",
    description: "Sees sessions, recordings, audit events, and who may reach what. Changes nothing.",
    scope: "organization",
    holds: (permission, ofSystem) => !ofSystem && isAudited(permission),
  },
  {
    id: "user",
    name: "User",
    description: "Reaches what permission rules allow.",
    scope: "organization",
    holds: () => false,
  },
];
