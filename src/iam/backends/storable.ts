import { z } from "zod";
import { LoginName, Name } from "../../core/index.ts";
import type { OutsideIdentity } from "./backend.ts";

/** The fields of a user's row that a backend fills. */
export interface Storable {
  readonly loginName: string;
  readonly name: string;
  readonly email: string | null;
}

const Email = z.email().max(254);

/**
 * What may be stored of what a backend says: a name and a mail address that do not fit are made to fit or left out; null
 * when the login name cannot be one here.
 */
export function storable(outside: Pick<OutsideIdentity, "loginName" | "name" | "email">): Storable | null {
  const loginName = LoginName.safeParse(outside.loginName);
  if (!loginName.success) return null;
  const shown = [...outside.name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim()].slice(0, 120).join("").trim();
  const name = Name.safeParse(shown);
  const email = Email.safeParse(outside.email);
  return {
    loginName: loginName.data,
    name: name.success ? name.data : loginName.data,
    email: email.success ? email.data : null,
  };
}
