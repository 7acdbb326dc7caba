import { z } from "zod";

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE" | "SOCKET";

/**
 * One operation's promise, shared by server, console, command line and OpenAPI. Browser-safe.
 * `name` is also the permission and the audit event. GET reads and is not audited; everything else writes and is, but a
 * POST that `reads`. SOCKET is a WebSocket.
 */
export interface Endpoint<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly route: `${Method} /${string}`;
  readonly name: string;
  /** One sentence for the API page and the role editor. */
  readonly title: string;
  /** system: about the site as a whole; only roles of the system hold its permission. Absent: within an organization. */
  readonly scope?: "system";
  /** A POST that only asks, because the question is too long for an address. */
  readonly reads?: true;
  readonly input: I;
  readonly output: O;
}

/** Declares an endpoint; `:name` parts of the route are filled from the input. */
export const endpoint = <I extends z.ZodType, O extends z.ZodType>(promise: Endpoint<I, O>): Endpoint<I, O> => promise;

/** Whether calling it changes nothing. */
export const isRead = (promise: Endpoint): boolean => promise.route.startsWith("GET ") || promise.reads === true;

/** The most rows one page of a list holds. */
const MAX_PAGE = 200;

/** The input of every list: free text, keyset cursor (opaque, from the page before), page size. */
export const listInput = <S extends z.ZodRawShape>(filters: S) =>
  z.object({
    search: z.string().trim().max(200).optional(),
    cursor: z.string().max(500).optional(),
    limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
    ...filters,
  });

/** The answer of every list: one page, the cursor of the next or null, and the total where it is cheap. */
export const listOutput = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable(), total: z.number().int().optional() });

/** An answer that says only that it was done. */
export const Done = z.object({});
