import { Secret, TOTP } from "otpauth";
import type { z } from "zod";
import type { Actor, Endpoint } from "../../src/core/index.ts";
import { hashPassword } from "../../src/iam/login/password.ts";
import {
  answerFactor,
  beginFactor,
  beginFactorEnrolment,
  finishFactorEnrolment,
  type Me,
  signIn,
  type SignInStep,
} from "../../src/iam/schema.ts";
import { type Door, guest } from "./door.ts";

const PASSWORD = "correct horse battery";

let hashed: Promise<string> | undefined;
/** Gives people made with `door.person` the password above. */
export async function withPassword(door: Door, ...ids: string[]): Promise<void> {
  hashed ??= hashPassword(PASSWORD);
  await door.db
    .updateTable("users")
    .set({ password_hash: await hashed })
    .where("id", "in", ids)
    .execute();
}

let addresses = 0;
/** An address nobody used before, so that the brake of other tests does not hold. */
export const freshAddress = (): string => `10.77.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`;

/** The code that an authenticator app shows, so many steps from now. */
export const codeOf = (secret: string, steps = 0, now = Date.now()): string =>
  TOTP.generate({ secret: Secret.fromBase32(secret), digits: 6, period: 30, timestamp: now + steps * 30_000 });

/** Waits out the end of a step, so that a code of the step before is still taken when it arrives. */
export async function withinStep(): Promise<void> {
  const left = 30_000 - (Date.now() % 30_000);
  if (left < 6_000) await new Promise((resolve) => setTimeout(resolve, left + 20));
}

/** A browser on the way in: it keeps the cookies that the edge would set. */
export function browser(door: Door, address = freshAddress()) {
  let cookies: { token: string | null; attempt: string | null } = { token: null, attempt: null };
  const actor = (): Promise<Actor> =>
    door.iam.identify({ ...cookies, address, via: "console", origin: "https://gate.example.org" });

  async function call<I extends z.ZodType, O extends z.ZodType>(
    endpoint: Endpoint<I, O>,
    input: z.input<I>,
  ): Promise<z.output<O>> {
    const who =
      cookies.token || cookies.attempt ? await actor() : { ...guest(address), origin: "https://gate.example.org" };
    return door.call(who, endpoint, input, (delivery) => {
      if (delivery.kind === "sign-in") cookies = { token: delivery.token, attempt: null };
      if (delivery.kind === "attempt") cookies = { ...cookies, attempt: delivery.token };
    });
  }

  return {
    address,
    call,
    actor,
    signIn: (loginName: string, password = PASSWORD): Promise<SignInStep> => call(signIn, { loginName, password }),
    async begin(kind: string): Promise<Record<string, unknown>> {
      return (await call(beginFactor, { kind })).shown;
    },
    answer: (kind: string, answer: string): Promise<SignInStep> => call(answerFactor, { kind, answer }),
    async beginEnrolment(kind: string): Promise<Record<string, unknown>> {
      return (await call(beginFactorEnrolment, { kind })).shown;
    },
    finishEnrolment: (kind: string, answer: string) => call(finishFactorEnrolment, { kind, answer }),
    async isIn(): Promise<boolean> {
      return (await actor()).kind === "person";
    },
  };
}

export type Browser = ReturnType<typeof browser>;

/** The person of a sign-in that is complete. */
export function mustBeIn(step: SignInStep): Me {
  if (step.step !== "done") throw new Error(`Not in, but asked for ${step.step}`);
  return step.me;
}

/** Sets an authenticator app up as the forced way in does; returns its secret and the recovery codes. */
export async function enrolTotp(
  door: Door,
  loginName: string,
): Promise<{ secret: string; recoveryCodes: string[]; browser: Browser }> {
  const window = browser(door);
  await door.db.updateTable("users").set({ second_factor: "forced" }).where("login_name", "=", loginName).execute();
  const step = await window.signIn(loginName);
  if (step.step !== "enrol") throw new Error(`Asked for ${step.step}`);
  const { secret } = (await window.beginEnrolment("totp")) as { secret: string };
  await withinStep();
  const { once, next } = await window.finishEnrolment("totp", codeOf(secret, -1));
  mustBeIn(next);
  return { secret, recoveryCodes: once.recoveryCodes as string[], browser: window };
}
