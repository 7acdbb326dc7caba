/** The roles that every installation has. `holds` picks from the names of all guarded actions. */
export interface BuiltInRole {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  holds(permission: string): boolean;
}

const AUDITED = ["audit.", "session.", "recording."];
const READS = /\.(list|read|status)$/;

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  {
    id: "administrator",
    name: "Administrator",
    description: "Everything in the organization.",
    holds: () => true,
  },
  {
    id: "auditor",
    name: "Auditor",
    description: "Sees sessions, recordings, audit events, and who may reach what. Changes nothing.",
    holds: (permission) =>
      permission !== "session.terminate" &&
      (AUDITED.some((start) => permission.startsWith(start)) || READS.test(permission)),
  },
  {
    id: "user",
    name: "User",
    description: "Reaches what permission rules allow.",
    holds: () => false,
  },
];
