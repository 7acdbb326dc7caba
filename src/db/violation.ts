import { Fault } from "../core/index.ts";

/** The name of the constraint an SQL error broke, or null if the error is something else. */
export function violated(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  if (!error.code.startsWith("23")) return null;
  return "constraint" in error && typeof error.constraint === "string" ? error.constraint : null;
}

const KEEPERS: Readonly<Record<string, string>> = {
  access_rule_names_what_is_there: "access rule",
  sign_in_rule_names_what_is_there: "sign-in rule",
};

/** For `catch` of a deletion: Fault `conflict` that names the rule which keeps the thing. */
export const keptByRule =
  (what: string) =>
  (error: unknown): never => {
    const rule = KEEPERS[violated(error) ?? ""];
    if (!rule) throw error;
    const name = error instanceof Error && "detail" in error ? String(error.detail) : "?";
    const words = `The ${rule} "${name}" names this ${what}, and would hit nobody without it. Take the ${what} out of the rule, or switch the rule off, first.`;
    throw new Fault("conflict", words);
  };
