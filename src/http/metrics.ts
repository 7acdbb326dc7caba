import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { Fault } from "../core/index.ts";

/** A number read from elsewhere at the moment somebody asks. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  read(): Promise<number> | number;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const READ_MS = 2_000;

/** Adds GET /metrics in Prometheus' text format, for clients that `mayRead` lets in and that no proxy stands before. */
export function mountMetrics(
  app: FastifyInstance,
  deps: { readonly measures: readonly Measure[]; readonly mayRead: (address: string) => boolean },
): { failedSignIn(): void } {
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: "sallyport_" });
  const durations = new Histogram({
    name: "sallyport_http_request_seconds",
    help: "Time to answer an HTTP request",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
    registers: [register],
  });
  const failures = new Counter({
    name: "sallyport_sign_in_failures_total",
    help: "Sign-ins of the console that were refused",
    registers: [register],
  });
  for (const { name, help, read } of deps.measures) {
    new Gauge({
      name: `sallyport_${name}`,
      help,
      registers: [register],
      async collect() {
        this.set(await within(READ_MS, read));
      },
    });
  }
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  app.get("/metrics", async (request, reply) => {
    if (request.client.forwarded || !deps.mayRead(request.client.address)) {
      throw new Fault("denied", "Metrics are not for this address; --metrics-from names who may read them.");
    }
    const text = await register.metrics();
    return reply.type(register.contentType).send(text);
  });
  return { failedSignIn: () => failures.inc() };
}

/** Not a number when the measure fails or takes too long: the other figures must still come. */
async function within(ms: number, read: Measure["read"]): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(resolve, ms, Number.NaN);
  });
  try {
    return await Promise.race([Promise.resolve(read()), late]);
  } catch {
    return Number.NaN;
  } finally {
    clearTimeout(timer);
  }
}
