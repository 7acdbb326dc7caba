import { z } from "zod";
import { Fault } from "../../../core/index.ts";

/** A signed assertion as the library hands it on, as far as we look into it. */
const Texts = z.array(z.object({ _: z.string().optional(), $: z.record(z.string(), z.string()).optional() }));
const Assertion = z.object({
  $: z.object({ ID: z.string().min(1).max(1024) }),
  Issuer: Texts.length(1),
  Subject: z
    .array(
      z.object({
        NameID: Texts.optional(),
        SubjectConfirmation: z
          .array(
            z.object({
              $: z.object({ Method: z.string() }),
              SubjectConfirmationData: z
                .array(
                  z.object({
                    $: z.object({
                      Recipient: z.string().optional(),
                      InResponseTo: z.string().optional(),
                      NotOnOrAfter: z.string().optional(),
                    }),
                  }),
                )
                .length(1)
                .optional(),
            }),
          )
          .min(1)
          .max(10),
      }),
    )
    .length(1),
  Conditions: z.array(z.unknown()).length(1),
});

const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
export const SKEW_MS = 30_000;

/** What we asked for, and of whom. */
export interface Asked {
  readonly entityId: string;
  readonly requestId: string;
  readonly callback: string;
}

/**
 * What the library leaves open: that this provider issued the signed assertion, for our address, in answer to our
 * request (the response around it, which says so too, may be unsigned), and for a bounded time. Fault `unauthenticated`.
 */
export function checkAssertion(raw: unknown, asked: Asked, now: Date) {
  const parsed = z.object({ Assertion }).safeParse(raw);
  if (!parsed.success) throw refused("it lacks what an assertion must have");
  const assertion = parsed.data.Assertion;
  if (assertion.Issuer[0]?._?.trim() !== asked.entityId) throw refused("somebody else issued it");
  const [subject] = assertion.Subject;
  const proofs = (subject?.SubjectConfirmation ?? []).flatMap(({ $: { Method }, SubjectConfirmationData: data }) =>
    Method === BEARER && data?.[0] ? [data[0].$] : [],
  );
  const ends = proofs.flatMap(({ Recipient, InResponseTo, NotOnOrAfter }) => {
    const end = Date.parse(NotOnOrAfter ?? "");
    const fits = Recipient === asked.callback && InResponseTo === asked.requestId && end + SKEW_MS > now.getTime();
    return fits ? [end] : [];
  });
  if (ends.length === 0) throw refused("it is not for this sign-in, or too late");
  const name = subject?.NameID?.[0];
  return {
    id: assertion.$.ID,
    until: new Date(Math.max(...ends) + 2 * SKEW_MS),
    nameId: name?._?.trim() ?? "",
    nameIdFormat: name?.$?.Format ?? "",
  };
}

/** A refusal of the provider's answer, in words that hold nothing of it. */
export const refused = (why: string): Fault =>
  new Fault("unauthenticated", `The provider's answer does not hold: ${why}. Begin again.`);
