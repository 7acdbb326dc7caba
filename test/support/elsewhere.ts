import { request } from "node:http";
import type { z } from "zod";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { Refused } from "./program.ts";

/** Posts to a program as a client at another address of this machine (127.0.0.0/8); throws Refused. */
export function callFrom(address: string, url: string, cookie = "") {
  return async <I extends z.ZodType, O extends z.ZodType>(
    endpoint: Endpoint<I, O>,
    input: z.input<I>,
  ): Promise<z.output<O>> => {
    const rest: Record<string, unknown> = { ...(input as object) };
    const [method = "", route = ""] = endpoint.route.split(" ");
    const path = route.replace(/:(\w+)/g, (_, key: string) => {
      const value = String(rest[key]);
      delete rest[key];
      return encodeURIComponent(value);
    });
    const headers = { origin: url, cookie, ...(method !== "GET" && { "content-type": "application/json" }) };
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asking = request(`${url}/api${path}`, { method, headers, localAddress: address, timeout: 10_000 });
      asking.on("response", (reply) => {
        let body = "";
        reply.setEncoding("utf8").on("data", (piece: string) => (body += piece));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text: body }));
      });
      asking.on("timeout", () => asking.destroy(new Error("No answer"))).on("error", reject);
      asking.end(method === "GET" ? undefined : JSON.stringify(rest));
    });
    const body: unknown = JSON.parse(text);
    if (status >= 300) throw new Refused(status, body as { error?: string; message?: string });
    return endpoint.output.parse(body);
  };
}
