import rateLimit, { type RateLimitOptions } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Fault, networkOf } from "../core/index.ts";

/** Fault `too_many` (details.retryAfter in seconds) when the request's address has asked too often. */
export type Limit = (request: FastifyRequest) => Promise<void>;

const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 20_000;

/**
 * Counts what a client's address does in a minute, each limit on its own. An IPv6 client counts by its /64, and 20,000
 * addresses are remembered at most.
 */
export async function createLimits(app: FastifyInstance): Promise<(perMinute: number) => Limit> {
  await app.register(rateLimit, { global: false });
  return (perMinute) => {
    const options: RateLimitOptions = {
      max: perMinute,
      timeWindow: MINUTE_MS,
      cache: MOST_ADDRESSES,
      keyGenerator: ({ client }) => networkOf(client.address),
    };
    const count = app.createRateLimit(options);
    return async (request) => {
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      const retryAfter = Math.max(1, counted.ttlInSeconds);
      throw new Fault("too_many", `Too many requests from your address. Try again in ${retryAfter} s.`, { retryAfter });
    };
  };
}
