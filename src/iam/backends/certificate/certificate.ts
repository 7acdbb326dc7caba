import { randomBytes, X509Certificate } from "node:crypto";
import { z } from "zod";
import { Fault, plain } from "../../../core/index.ts";
import type { OutsideIdentity, RedirectBackend } from "../backend.ts";
import { CertificateText, certificatesIn } from "../fields.ts";
import { isCurrent, isListOf, listsIn } from "./crl.ts";
import type { Fields } from "./names.ts";
import { Shown } from "./shown.ts";
import { checkCertificate, refused } from "./verify.ts";

const MOST_AUTHORITIES = 10;

const Settings = z
  .object({
    authorities: CertificateText.describe(
      "Certificates (PEM) of the authorities that issue people's certificates, and of those above them up to the root",
    ),
    subject: z
      .enum(["name", "principal", "email", "common-name"])
      .default("name")
      .describe("What in the certificate names the person for good; changing it unlinks everybody"),
    loginName: z
      .enum(["common-name", "principal", "email"])
      .default("common-name")
      .describe("What in the certificate is the login name"),
    revocationLists: plain(z.string().trim().max(1_000_000))
      .default("")
      .describe("Lists of revoked certificates (PEM), one of each authority; out of date, nobody signs in"),
  })
  .superRefine(({ authorities, revocationLists }, { addIssue }) => {
    const trusted = readAll(authorities);
    // The field itself says what is wrong with it.
    if (trusted.length === 0 && authorities !== "") return;
    const wrong = problemOf(trusted);
    if (wrong) return addIssue({ code: "custom", path: ["authorities"], message: wrong });
    const unclear = revocationLists === "" ? null : listsProblem(trusted, revocationLists);
    if (unclear) addIssue({ code: "custom", path: ["revocationLists"], message: unclear });
  });
type Settings = z.output<typeof Settings>;

const readAll = (text: string): X509Certificate[] =>
  (certificatesIn(text) ?? []).map((pem) => new X509Certificate(pem));

const isRoot = (one: X509Certificate): boolean => one.checkIssued(one) && one.verify(one.publicKey);

function problemOf(trusted: readonly X509Certificate[]): string | null {
  if (trusted.length === 0) return "Paste the certificate of an authority.";
  if (trusted.length > MOST_AUTHORITIES) return `At most ${MOST_AUTHORITIES} certificates.`;
  if (trusted.some(({ ca }) => !ca)) return "One of these is no certificate of an authority.";
  const stands = (one: X509Certificate): boolean =>
    trusted.some((above) => (above === one ? isRoot(one) : one.checkIssued(above) && one.verify(above.publicKey)));
  return trusted.every(stands)
    ? null
    : "The authority above one of these is missing. Paste it as well, up to the root.";
}

function listsProblem(trusted: readonly X509Certificate[], text: string): string | null {
  const lists = listsIn(text);
  if (!lists) return "Not lists of revoked certificates in PEM form, whole and with an end.";
  if (lists.some((list) => !trusted.some((one) => isListOf(list, one)))) {
    return "One of these lists is not signed by one of the authorities.";
  }
  const lacks = trusted.some((one) => !lists.some((list) => isListOf(list, one)));
  return lacks ? "The list of one of the authorities is missing." : null;
}

/** The one value that the certificate holds; two could name two people. */
function only(values: readonly string[], what: string): string {
  const [value, ...more] = values;
  if (value === undefined || more.length > 0) throw refused(`it does not hold ${what}, or holds several`);
  return value;
}

const WORDS = {
  name: "a name",
  principal: "a user principal name",
  email: "a mail address",
  "common-name": "a common name (CN)",
} as const;

function valueOf(fields: Fields, chosen: keyof typeof WORDS): string {
  const { distinguishedName, principals, emails, commonNames } = fields;
  const values = {
    name: distinguishedName === "" ? [] : [distinguishedName],
    principal: principals,
    email: emails,
    "common-name": commonNames,
  };
  return only(values[chosen], WORDS[chosen]);
}

function shownIn(posted: string | undefined) {
  if (posted === undefined) throw refused("none was shown for this sign-in");
  const { certificate, problem } = Shown.parse(JSON.parse(posted));
  if (certificate === null) throw refused("your browser showed none; close it if it does not ask which one to use");
  return { bytes: Buffer.from(certificate, "base64"), problem };
}

/** A certificate that the browser shows at the certificate door, with proof of its key, in the handshake of TLS. */
export const certificate: RedirectBackend<Settings> = {
  kind: "certificate",
  title: "Client certificate",
  flow: "redirect",
  answers: "certificate",
  settings: Settings,
  authorities: ({ authorities }) => certificatesIn(authorities) ?? [],

  async begin({ id }, { callback, certificatePort }) {
    if (certificatePort === null) {
      throw new Fault("conflict", "The gate was started without --client-certificates. Choose another way to sign in.");
    }
    const relay = randomBytes(32).toString("base64url");
    const { hostname } = new URL(callback);
    const location = `https://${hostname}:${certificatePort}/sign-in/certificate/${id}?relay=${relay}`;
    return { location, relay, memory: null };
  },

  async finish({ settings, say }, { answer }): Promise<OutsideIdentity> {
    const { bytes, problem } = shownIn(answer.posted);
    const trust = { authorities: readAll(settings.authorities), lists: settings.revocationLists, now: new Date() };
    const { fields, issuer } = checkCertificate(bytes, trust);
    if (problem !== null) throw refused(`its chain does not hold (${problem})`);
    say(`The certificate of ${fields.distinguishedName} counts.`);
    const subject = `${settings.subject}:${valueOf(fields, settings.subject)}`;
    if (subject.length > 1024) throw refused("the name in it is too long");
    const loginName = valueOf(fields, settings.loginName).slice(0, 256);
    const [email = null, ...more] = fields.emails;
    const [name = loginName] = fields.commonNames;
    return { issuer, subject, loginName, name, email: more.length > 0 ? null : email, groups: [] };
  },

  async check({ settings, say }) {
    const now = new Date();
    const trusted = readAll(settings.authorities);
    for (const { subject, validToDate } of trusted) {
      say(`${subject.replaceAll("\n", ", ")} is trusted until ${validToDate.toISOString()}.`);
    }
    const lists = settings.revocationLists === "" ? [] : (listsIn(settings.revocationLists) ?? []);
    for (const { serials, until } of lists) {
      say(`A list with ${serials.size} revoked certificates holds until ${until.toISOString()}.`);
    }
    const late = trusted.some(({ validFromDate, validToDate }) => now < validFromDate || now > validToDate);
    if (late || lists.some((list) => !isCurrent(list, now))) {
      throw new Fault("upstream", "A certificate or a list is out of date. Paste the new one.");
    }
  },
};
