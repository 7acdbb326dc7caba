import { z } from "zod";
import { plain, secret } from "./secret.ts";

export { plain, secret } from "./secret.ts";

const noControl = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** A row's identifier. */
export const Id = z.uuid();
/** A name people give to things: 1 to 128 characters on one line, no control or invisible formatting characters. */
export const Name = plain(
  z
    .string()
    .trim()
    .min(1, "Give it a name.")
    .max(128, "At most 128 characters.")
    .regex(noControl, "No control characters."),
);
/** A new login name: 1 to 128 characters, no spaces, none of : @ # / \ and no control characters. */
export const LoginName = plain(
  z
    .string()
    .trim()
    .min(1, "Give a name.")
    .max(128, "At most 128 characters.")
    .regex(/^[^\s:@#/\\\p{Cc}\p{Cf}]+$/u, "No spaces and none of : @ # / \\"),
);
/** A login name as it is stored and typed: those of earlier versions may hold #. */
export const KnownLoginName = plain(
  z
    .string()
    .trim()
    .min(1, "Give a name.")
    .max(128, "At most 128 characters.")
    .regex(/^[^\s:@/\\\p{Cc}\p{Cf}]+$/u, "No spaces and none of : @ / \\"),
);
/** A remark, up to 2,000 characters. */
export const Comment = plain(z.string().trim().max(2000, "At most 2,000 characters."));
/** A host name, IPv4 or IPv6 address of a target. */
export const Host = plain(
  z
    .string()
    .trim()
    .min(1, "Give a host name or an address.")
    .max(255)
    .regex(
      /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$|^[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?$/,
      "Not a host name or address.",
    ),
);
/** A TCP port. */
export const Port = z.number().int().min(1).max(65535);
/** An exact moment, ISO 8601 with zone, as JSON carries it. */
export const Moment = z.iso.datetime({ offset: true });
/** A secret typed by a person: 1 to 4,096 characters. */
export const SecretText = secret(z.string().min(1).max(4096));
/** How many times the row was changed; send back what was read, so that nobody overwrites another's change. */
export const Version = z.number().int().min(1);
/** A row as others refer to it. */
export const Named = z.object({ id: Id, name: Name });
