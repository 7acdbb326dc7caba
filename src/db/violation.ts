/** The name of the constraint an SQL error broke, or null if the error is something else. */
export function violated(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  if (!error.code.startsWith("23")) return null;
  return "constraint" in error && typeof error.constraint === "string" ? error.constraint : null;
}
