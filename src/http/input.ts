import { z } from "zod";
import { type Endpoint, Fault } from "../core/index.ts";

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

type Fields = Readonly<Record<string, unknown>>;

/** Whether the input of the endpoint travels in the address: that of a GET and of a socket. */
export const travelsInAddress = ({ route }: Endpoint): boolean => /^(GET|SOCKET) /.test(route);

/**
 * Prepares how the raw input of an endpoint is put together: from the query or the JSON body, then the path, which
 * wins. A list field given once in a query becomes a list of one. Fault `invalid` for a body that is no object.
 */
export function inputReader(endpoint: Endpoint): (parts: { query: unknown; body: unknown; params: unknown }) => Fields {
  const lists = listFields(endpoint.input);
  const fromAddress = travelsInAddress(endpoint);
  return ({ query, body, params }) => {
    const sent = fromAddress ? query : (body ?? {});
    if (typeof sent !== "object" || sent === null || Array.isArray(sent)) {
      throw new Fault("invalid", "Send a JSON object.");
    }
    const raw: Record<string, unknown> = {};
    for (const [key, value] of [...Object.entries(sent), ...Object.entries(params ?? {})]) {
      if (FORBIDDEN.has(key)) throw new Fault("invalid", `${key} is not a field.`);
      raw[key] = fromAddress && lists.has(key) && !Array.isArray(value) ? [value] : value;
    }
    return raw;
  };
}

function listFields(schema: z.ZodType): ReadonlySet<string> {
  if (!(schema instanceof z.ZodObject)) return new Set();
  const fields = Object.entries(schema.shape) as [string, z.ZodType][];
  return new Set(fields.filter(([, field]) => isList(field)).map(([name]) => name));
}

function isList(schema: z.ZodType): boolean {
  const { type, innerType } = schema._zod.def as { type: string; innerType?: z.ZodType };
  return type === "array" || (innerType !== undefined && isList(innerType));
}
