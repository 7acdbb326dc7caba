import { z } from "zod";
import { plain, secret } from "../../../../src/core/secret.ts";

/** The part of JSON Schema that settings are described in. */
export interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly anyOf?: readonly FieldSchema[];
  readonly items?: FieldSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
  readonly description?: string;
}

/** What limits of a number read like. */
export type Limits = (limits: { readonly least: number; readonly most: number }) => string;

type Properties = Readonly<Record<string, FieldSchema>>;
const propertiesOf = (schema: unknown): Properties => (schema as { properties?: Properties }).properties ?? {};

/** What the server says of a field, in English. */
export const descriptionOf = (schema: unknown, name: string): string => propertiesOf(schema)[name]?.description ?? "";

/** The schemas of a group's fields for a form: kinds and limits. Everything else is left to the server to refuse. */
export function fieldsOf(schema: unknown, limits: Limits): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    Object.entries(propertiesOf(schema)).map(([name, field]) => [name, zodOf(field, limits).optional()] as const),
  );
}

function zodOf(field: FieldSchema, limits: Limits): z.ZodType {
  if (field.writeOnly) return secret(z.string().max(field.maxLength ?? 4096));
  if (field.enum) return z.enum(field.enum as readonly [string, ...string[]]);
  if (field.anyOf) return ofSeveral(field.anyOf, limits);
  switch (field.type) {
    case "boolean":
      return z.boolean();
    case "integer":
    case "number": {
      const { minimum = -Number.MAX_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = field;
      const message = limits({ least: minimum, most: maximum });
      const number = z.number().min(minimum, message).max(maximum, message);
      return field.type === "integer" ? number.int(message) : number;
    }
    case "array":
      return z.array(field.items ? zodOf(field.items, limits) : z.string());
    default:
      return plain(field.maxLength === undefined ? z.string() : z.string().max(field.maxLength));
  }
}

/** A text that may be empty, or a value that may be null: the form knows it by its other half. */
function ofSeveral(options: readonly FieldSchema[], limits: Limits): z.ZodType {
  const real = options.filter(({ type, const: fixed }) => type !== "null" && fixed === undefined);
  const inner = real[0] ? zodOf(real[0], limits) : plain(z.string());
  return options.some(({ type }) => type === "null") ? inner.nullable() : inner;
}
