/** One setting of a protocol, as its JSON schema describes it. */
export interface Setting {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly kind: "switch" | "number" | "choice" | "text";
  readonly initial: unknown;
  readonly choices: readonly string[];
  readonly min: number | undefined;
  readonly max: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: unknown): number | undefined =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;

/** The settings that a form can show: switches, numbers, choices and texts of a JSON schema's object. Others are left out. */
export function settingsOf(schema: unknown): readonly Setting[] {
  if (!isRecord(schema) || !isRecord(schema.properties)) return [];
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const shown = isRecord(property) ? kindOf(property) : null;
    if (!shown || !isRecord(property)) return [];
    return [
      {
        name,
        title: text(property.title),
        description: text(property.description),
        initial: property.default,
        min: number(property.minimum),
        max: number(property.maximum),
        ...shown,
      },
    ];
  });
}

function kindOf(property: Json): Pick<Setting, "kind" | "choices"> | null {
  if (Array.isArray(property.enum)) return { kind: "choice", choices: property.enum.map(String) };
  if (property.type === "boolean") return { kind: "switch", choices: [] };
  if (property.type === "integer" || property.type === "number") return { kind: "number", choices: [] };
  return property.type === "string" ? { kind: "text", choices: [] } : null;
}
