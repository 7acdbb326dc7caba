import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { Fault } from "../core/index.ts";

type Figures = number | Readonly<Record<string, number>>;

/** A number read from elsewhere at the moment somebody asks, or one for each value of `label`. */
export interface Measure {
  /** Ends in `_total` when it only ever grows. */
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  read(): Promise<Figures> | Figures;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const READ_MS = 2_000;

/** Adds GET /metrics in Prometheus' text format, for clients that `mayRead` lets in and that no proxy stands before. */
export function mountMetrics(
  app: FastifyInstance,
  deps: { readonly measures: readonly Measure[]; readonly mayRead: (address: string) => boolean },
): void {
  const register = new Registry();
  collectDefaultMetrics({ register, prefix: "sallyport_" });
  const durations = new Histogram({
    name: "sallyport_http_request_seconds",
    help: "Time to answer an HTTP request",
    labelNames: ["method", "route", "status"],
    buckets: SECONDS,
    registers: [register],
  });
  for (const measure of deps.measures) mountMeasure(register, measure);
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
}

function mountMeasure(register: Registry, { name, help, label, read }: Measure): void {
  const what = {
    name: `sallyport_${name}`,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [register],
  };
  async function collect(this: Counter | Gauge): Promise<void> {
    this.reset();
    const figures = await within(READ_MS, read);
    if (Number.isNaN(figures) && this instanceof Counter) return;
    if (typeof figures === "number") return this.inc(figures);
    for (const [value, figure] of Object.entries(figures)) this.inc({ [label ?? "of"]: value }, figure);
  }
  if (name.endsWith("_total")) new Counter({ ...what, collect });
  else new Gauge({ ...what, collect });
}

/** Not a number when the measure fails or takes too long: the other figures must still come. */
async function within(ms: number, read: Measure["read"]): Promise<Figures> {
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
