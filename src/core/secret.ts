import { z } from "zod";

const classified = z.registry<{ secret: boolean }>();

/** Marks a field as secret: never in an audit event, a log line or an error. */
export function secret<T extends z.ZodType>(schema: T): T {
  classified.add(schema, { secret: true });
  return schema;
}

/** Marks a text field as fit to be shown in audit events. A string that is not marked counts as secret. */
export function plain<T extends z.ZodType>(schema: T): T {
  classified.add(schema, { secret: false });
  return schema;
}

/** Whether the schema itself is marked as secret. */
export const isSecret = (schema: z.ZodType): boolean => classified.get(schema)?.secret === true;

/** What stands in audit events, logs and errors in place of a secret. */
export const HIDDEN = "[hidden]";

const OPEN_TYPES = new Set(["boolean", "number", "int", "enum", "literal", "date", "null", "undefined", "bigint"]);
const OPEN_FORMATS = new Set(["uuid", "guid", "datetime", "date", "time", "ipv4", "ipv6", "cidrv4", "cidrv6"]);

interface Def {
  readonly type: string;
  readonly format?: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly in?: z.ZodType;
  readonly options?: z.ZodType[];
}

const isOpen = ({ type, format }: Def): boolean =>
  OPEN_TYPES.has(type) || (format !== undefined && OPEN_FORMATS.has(format));

/** Whether a value of the schema has any part that `redact` hides. */
export function hides(schema: z.ZodType): boolean {
  const mark = classified.get(schema);
  if (mark) return mark.secret;
  const def = schema._zod.def as Def;
  if (isOpen(def)) return false;
  const inner = def.innerType ?? def.in ?? def.element;
  if (inner) return hides(inner);
  const parts = def.shape ? Object.values(def.shape) : def.options;
  return parts ? parts.some(hides) : true;
}

/** A copy of `value` in which whatever `schema` does not classify as plain is replaced by "[hidden]". */
export function redact(schema: z.ZodType, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  const mark = classified.get(schema);
  if (mark) return mark.secret ? HIDDEN : value;
  const def = schema._zod.def as Def;
  if (isOpen(def)) return value;
  if (def.innerType) return redact(def.innerType, value);
  if (def.in) return redact(def.in, value);
  if (def.element && Array.isArray(value)) return value.map((item) => redact(def.element!, item));
  if (def.shape && typeof value === "object") return redactShape(def.shape, value);
  if (def.options) return redactUnion(def.options, value);
  return HIDDEN;
}

/** Where several options fit and do not agree on what may be shown, nothing is. */
function redactUnion(options: readonly z.ZodType[], value: unknown): unknown {
  const fitting = options.filter((option) => option.safeParse(value).success);
  const shown = fitting.map((option) => redact(option, value));
  return new Set(shown.map((one) => JSON.stringify(one))).size === 1 ? shown[0] : HIDDEN;
}

const redactShape = (shape: Record<string, z.ZodType>, value: object): unknown =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape[key] ? redact(shape[key], item) : HIDDEN]));
