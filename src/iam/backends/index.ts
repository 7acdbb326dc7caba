import { registry } from "../../core/index.ts";
import type { Backend } from "./backend.ts";
import { certificate } from "./certificate/certificate.ts";
import { ldap } from "./ldap/ldap.ts";
import { radius } from "./radius/radius.ts";
import { cas } from "./web/cas.ts";
import { oauth2 } from "./web/oauth2.ts";
import { oidc } from "./web/oidc.ts";
import { saml } from "./web/saml.ts";

/** The kinds of sign-in backends beside the local password. */
export const backends = registry<Backend>("sign-in backend", [ldap, radius, oidc, saml, oauth2, cas, certificate]);
