import { z } from "zod";

/** What a handshake of the certificate door proved, as it waits for the sign-in. */
export const Shown = z.object({
  /** DER in base64; the browser proved to hold its key. Null: it showed none. */
  certificate: z.string().nullable(),
  /** Why its chain does not hold, in OpenSSL's word; null: it holds. */
  problem: z.string().nullable(),
});
