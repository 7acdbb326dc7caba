import { registry } from "../../core/index.ts";
import type { Backend } from "./backend.ts";
import { ldap } from "./ldap/ldap.ts";
import { radius } from "./radius/radius.ts";
import { oauth2 } from "./web/oauth2.ts";
import { oidc } from "./web/oidc.ts";

/** The kinds of sign-in backends beside the local password. */
export const backends = registry<Backend>("sign-in backend", [ldap, radius, oidc, oauth2]);
