import { beginMyFactor, finishMyFactor } from "../../src/iam/schema.ts";
import { codeOf } from "../security/way-in.ts";
import { direct } from "./clients.ts";
import type { KeyOptions, Person, Stage, Target } from "./stage.ts";

/** Somebody with an authenticator app who may connect to a target. */
export interface OwnerOfApp {
  readonly person: Person;
  /** The direct form of their user name. */
  readonly user: string;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** The code of the app's step now is spent by setting it up, that of the next is the first to use. */
export async function ownerOfApp(stage: Stage, target: Target, key?: KeyOptions): Promise<OwnerOfApp> {
  const person = await stage.person(key ? { key } : {});
  await stage.allow(person, target);
  const client = await stage.program.signIn(person.loginName, person.password);
  const { enrolmentId, shown } = await client.call(beginMyFactor, { kind: "totp" });
  const secret = String(shown.secret);
  const { once } = await client.call(finishMyFactor, { enrolmentId, answer: codeOf(secret) });
  return { person, user: direct(person, target), secret, recoveryCodes: once.recoveryCodes as string[] };
}
