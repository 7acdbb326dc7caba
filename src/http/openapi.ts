import { z } from "zod";
import { type AnyAction, Fault, type FaultCode } from "../core/index.ts";
import { travelsInAddress } from "./input.ts";

type Json = Record<string, unknown>;
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

export interface Operation {
  readonly method: string;
  /** With `{name}` in place of `:name`. */
  readonly path: string;
  readonly tag: string;
  readonly name: string;
  readonly title: string;
  readonly access: string;
  readonly socket: boolean;
  readonly fields: readonly {
    readonly name: string;
    readonly place: "path" | "query" | "body";
    readonly required: boolean;
    readonly schema: Json;
  }[];
  readonly output: Json;
  readonly faults: readonly FaultCode[];
}

const ALL_FAULTS = [
  "invalid",
  "unauthenticated",
  "denied",
  "unconfirmed",
  "not_found",
  "conflict",
  "too_large",
  "too_many",
  "upstream",
  "unavailable",
  "timeout",
] as const satisfies readonly FaultCode[];

const ACCESS = {
  granted: (name: string) => `Needs the permission "${name}" in the organization of the request.`,
  "signed-in": () => "For everybody who is signed in.",
  anonymous: () => "For everybody, without sign-in.",
} as const;

const options = (io: "input" | "output") => ({ io, unrepresentable: "any", target: "draft-2020-12" }) as const;

/** One operation of the API, as the documents show it. */
export function operationOf(action: Pick<AnyAction<never>, "access" | "endpoint">): Operation {
  const { route, name, title, input, output } = action.endpoint;
  const [verb = "", path = ""] = route.split(" ");
  const socket = verb === "SOCKET";
  const inPath = new Set(Array.from(path.matchAll(/:(\w+)/g), (match) => match[1]!));
  const schema = z.toJSONSchema(input, options("input")) as ObjectSchema;
  const elsewhere: "query" | "body" = travelsInAddress(action.endpoint) ? "query" : "body";
  const fields = Object.entries(schema.properties ?? {}).map(([field, shape]) => ({
    name: field,
    place: inPath.has(field) ? ("path" as const) : elsewhere,
    required: inPath.has(field) || (schema.required?.includes(field) ?? false),
    schema: shape,
  }));
  return {
    method: socket ? "GET" : verb,
    path: `/api${path.replace(/:(\w+)/g, "{$1}")}`,
    tag: path.split("/")[1] ?? "",
    name,
    title,
    access: ACCESS[action.access](name),
    socket,
    fields,
    output: withoutDialect(z.toJSONSchema(output, options("output"))),
    faults: faultsOf(action, elsewhere === "body"),
  };
}

function faultsOf(action: Pick<AnyAction<never>, "access" | "endpoint">, hasBody: boolean): FaultCode[] {
  const impossible = new Set<FaultCode>();
  if (!hasBody) impossible.add("too_large").add("conflict");
  if (action.access === "anonymous") impossible.add("not_found");
  return ALL_FAULTS.filter((code) => !impossible.has(code));
}

/** The OpenAPI 3.1 document of the actions. Every success is 200 (101 for a WebSocket). */
export function openApi(actions: readonly Pick<AnyAction<never>, "access" | "endpoint">[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of actions.map(operationOf)) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sallyport",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Requests and answers are JSON. Every success is 200. Whatever changes something is written to the audit trail under the operation's name.",
    },
    servers: [{ url: "/" }],
    security: [{ session: [] }, { key: [] }],
    paths,
    components: {
      schemas: { Fault: FAULT },
      responses: Object.fromEntries(ALL_FAULTS.map((code) => [code, faultResponse(code)])),
      securitySchemes: {
        session: {
          type: "apiKey",
          in: "cookie",
          name: "sallyport_session",
          description: "Set by sign-in; named __Host-sallyport_session over TLS.",
        },
        key: {
          type: "http",
          scheme: "bearer",
          description: "An API key, sp_…, made in the console; no cookie beside it.",
        },
      },
    },
  };
}

const FAULT = {
  type: "object",
  required: ["error", "message", "requestId"],
  properties: {
    error: { type: "string", enum: [...ALL_FAULTS, "internal"] },
    message: { type: "string", description: "For a person; says what to do next." },
    details: { type: "object", description: "Machine-readable facts; holds no secret." },
    requestId: { type: "string", description: "Find it in the log." },
  },
} as const;

const faultResponse = (code: FaultCode): Json => ({
  description: `error: ${code} (${new Fault(code, "").status})`,
  content: { "application/json": { schema: { $ref: "#/components/schemas/Fault" } } },
});

function describe(operation: Operation): Json {
  const { fields, socket, faults } = operation;
  const body = fields.filter(({ place }) => place === "body");
  const success = socket
    ? {
        101: {
          description:
            "The WebSocket is open. A refusal is a text frame {type: fault, code, message} and a close code of 4000 plus the status.",
        },
      }
    : { 200: { description: "Done", content: { "application/json": { schema: operation.output } } } };
  return {
    operationId: operation.name,
    summary: operation.title,
    description: operation.access,
    tags: [operation.tag],
    ...(operation.access.startsWith("For everybody,") && { security: [] }),
    ...(socket && { "x-websocket": true }),
    parameters: fields
      .filter(({ place }) => place !== "body")
      .map(({ name, place, required, schema }) => ({ name, in: place, required, schema })),
    ...(body.length > 0 && { requestBody: bodyOf(body) }),
    responses: { ...success, ...Object.fromEntries(grouped(faults)) },
  };
}

const bodyOf = (fields: Operation["fields"]): Json => {
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  const schema = {
    type: "object",
    properties: Object.fromEntries(fields.map(({ name, schema: shape }) => [name, shape])),
    ...(required.length > 0 && { required }),
  };
  return { required: required.length > 0, content: { "application/json": { schema } } };
};

const grouped = (faults: readonly FaultCode[]): [string, Json][] =>
  faults.map((code) => [String(new Fault(code, "").status), { $ref: `#/components/responses/${code}` }]);

function withoutDialect({ $schema: _, ...schema }: Json): Json {
  return schema;
}
