import type { z } from "zod";
import type { Fault } from "../core/index.ts";

/** The four faces of the console; listeners and pages belong to surfaces, not to protocols. */
export type Surface = "terminal" | "desktop" | "database" | "files";

/** A secret of an account, by its kind. */
export type Credential =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "key"; readonly privateKey: string; readonly passphrase?: string | undefined };

/** Where and how a target is reached. `settings` are those of the asset, as stored. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly settings: unknown;
  readonly hostKey: { verify(fingerprintSha256: string, type: string, keyBlob: Buffer): Promise<boolean | Fault> };
  readonly signal?: AbortSignal | undefined;
}

/** One entry of the list of protocols. */
export interface Protocol {
  readonly kind: string;
  readonly title: string;
  readonly surface: Surface;
  readonly defaultPort: number;
  readonly settings: z.ZodType;
  readonly credentials: readonly Credential["kind"][];
  /** Whether the target answers and accepts the credential: resolves, or rejects with Fault `upstream` or `timeout`. */
  check(target: Reach, credential: Credential): Promise<void>;
}
