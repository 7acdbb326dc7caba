import type { z } from "zod";
import { isSecret } from "../../../src/core/secret.ts";

/** How a field of an endpoint's input is drawn when the page does not say otherwise. */
export type FieldKind =
  | "text"
  | "long-text"
  | "secret"
  | "number"
  | "switch"
  | "choice"
  | "choices"
  | "ids"
  | "id"
  | "words"
  | "moment"
  | "group"
  | "other";

export interface FieldShape {
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly choices: readonly string[];
  readonly initial: unknown;
  readonly maxLength: number | undefined;
}

interface Def {
  readonly type: string;
  readonly format?: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly entries?: Record<string, string>;
  readonly shape?: Record<string, z.ZodType>;
  readonly defaultValue?: unknown;
}

const defOf = (schema: z.ZodType): Def => schema._zod.def;
/** Names of fields whose value is never shown nor kept. */
export const SECRET = /password|secret|passphrase|token$/i;
const LONG = 500;

/** Decides from the schema, and for secrets also from the name, how to draw a field. */
export function fieldShape(name: string, schema: z.ZodType): FieldShape {
  let required = true;
  let nullable = false;
  let initial: unknown;
  let inner = schema;
  for (let def = defOf(inner); def.innerType ?? def.in; def = defOf(inner)) {
    if (def.type === "optional" || def.type === "default" || def.type === "prefault") required = false;
    if (def.type === "nullable") nullable = true;
    if (def.type === "default" && initial === undefined) initial = def.defaultValue;
    inner = (def.innerType ?? def.in)!;
  }
  const kind = kindOf(name, inner);
  return {
    kind,
    required: required && !nullable && kind !== "switch",
    nullable,
    choices: choicesOf(inner),
    initial: initial ?? emptyOf(kind, nullable, inner),
    maxLength: (inner as { maxLength?: number | null }).maxLength ?? undefined,
  };
}

function kindOf(name: string, schema: z.ZodType): FieldKind {
  const def = defOf(schema);
  if (def.type === "boolean") return "switch";
  if (def.type === "number" || def.type === "int") return "number";
  if (def.type === "enum") return "choice";
  if (def.type === "object") return "group";
  if (def.type === "array") {
    const element = def.element ? defOf(def.element) : undefined;
    if (element?.type === "enum") return "choices";
    if (element?.format === "uuid") return "ids";
    return element?.type === "string" ? "words" : "other";
  }
  if (def.type !== "string") return "other";
  if (def.format === "uuid") return "id";
  if (def.format === "datetime") return "moment";
  if (SECRET.test(name) || isSecret(schema)) return "secret";
  return ((schema as { maxLength?: number | null }).maxLength ?? 0) > LONG ? "long-text" : "text";
}

function choicesOf(schema: z.ZodType): readonly string[] {
  const def = defOf(schema);
  if (def.entries) return Object.values(def.entries);
  return def.element ? choicesOf(def.element) : [];
}

function emptyOf(kind: FieldKind, nullable: boolean, schema: z.ZodType): unknown {
  if (nullable) return null;
  if (kind === "switch") return false;
  if (kind === "ids" || kind === "choices" || kind === "words") return [];
  if (kind === "group") {
    const shape = defOf(schema).shape ?? {};
    return Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, fieldShape(key, field).initial]));
  }
  return kind === "text" || kind === "long-text" || kind === "secret" ? "" : undefined;
}

/** The fields of an input schema by name; empty when it is no object. */
export const fieldsOf = (schema: z.ZodType): Readonly<Record<string, z.ZodType>> => defOf(schema).shape ?? {};

/** The problem of one value in words, or null. An empty optional field has none. */
export function problemOf(schema: z.ZodType, value: unknown): string | null {
  const shape = fieldShape("", schema);
  if (isBlank(value) && !shape.required) return null;
  const parsed = schema.safeParse(value);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? "");
}

/** Problems of all fields, by dotted path, as the server would name them. */
export function problemsOf(schema: z.ZodType, input: unknown): Readonly<Record<string, string>> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return {};
  return Object.fromEntries(parsed.error.issues.toReversed().map(({ path, message }) => [path.join("."), message]));
}

/** What is sent: blank optional fields are left out, blank nullable ones become null, unchanged ones of an update stay at home. */
export function toSend(
  schema: z.ZodType,
  values: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | null,
): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fieldsOf(schema))) {
    const shape = fieldShape(name, field);
    const value = values[name];
    if (before && !shape.required && same(value, before[name])) continue;
    if (value === undefined) continue;
    if (!isBlank(value)) sent[name] = value;
    else if (shape.nullable) sent[name] = null;
    else if (shape.required || (before && isText(shape.kind))) sent[name] = value;
  }
  return sent;
}

/** The fields that both sides changed, or that differ, between what is typed and what the server holds now. */
export function differences(
  mine: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.keys(mine).filter((name) => name !== "version" && name in theirs && !same(mine[name], theirs[name]));
}

/** Whether it is typed as plain text. */
export const isText = (kind: FieldKind): boolean => kind === "text" || kind === "long-text";
const isBlank = (value: unknown): boolean => value === undefined || value === null || value === "";
/** Whether two values of a form are equal by content. */
export const same = (a: unknown, b: unknown): boolean =>
  a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
