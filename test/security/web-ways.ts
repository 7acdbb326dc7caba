import { type Actor, type Delivery, newId } from "../../src/core/index.ts";
import { DEFAULT_ORGANIZATION } from "../../src/iam/index.ts";
import { beginRedirect, finishRedirect, type SignInStep } from "../../src/iam/schema.ts";
import { fieldsOf, type Landing, userAgent } from "../support/providers/user-agent.ts";
import { type Door, guest } from "./door.ts";

export const ORIGIN = "https://gate.test";

let addresses = 0;
/** An address nobody used before, so that the brake of other tests does not hold. */
export const fresh = (): string => `10.8.${Math.floor(++addresses / 250)}.${addresses % 250}`;

/** A browser at the console: what cookies it holds of a sign-in, and what it brings back from a provider. */
export function webWays(door: Door) {
  /** Writes a backend down; the secret settings are sealed as the program seals them. */
  async function backend(
    kind: string,
    settings: Record<string, unknown>,
    options: { id?: string; secrets?: Record<string, unknown>; createsUsers?: boolean; name?: string } = {},
  ): Promise<string> {
    const { id = newId(), secrets, createsUsers = true, name = `${kind} ${id}` } = options;
    const sealed = secrets ? door.sealer.seal(JSON.stringify(secrets), `sign_in_backend:${id}`) : null;
    const org_id = createsUsers ? DEFAULT_ORGANIZATION : null;
    const row = { id, kind, name, settings: JSON.stringify(settings), sealed, creates_users: createsUsers, org_id };
    await door.db.insertInto("sign_in_backend").values(row).execute();
    return id;
  }

  /** The actor of a request with these cookies. */
  const identify = (cookies: { token?: string; attempt?: string }, origin = ORIGIN): Promise<Actor> =>
    door.iam.identify({
      token: cookies.token ?? null,
      attempt: cookies.attempt ?? null,
      address: fresh(),
      via: "console",
      origin,
    });

  const kept = (list: readonly Delivery[], kind: "attempt" | "sign-in"): string => {
    const found = list.find((delivery) => delivery.kind === kind);
    return found && "token" in found ? found.token : "";
  };

  /** Begins; `attempt` is the cookie of the browser that began. */
  async function begin(backendId: string, from: Actor = { ...guest(fresh()), origin: ORIGIN }) {
    const deliveries: Delivery[] = [];
    const { location } = await door.call(from, beginRedirect, { backendId, returnTo: "/console" }, (one) =>
      deliveries.push(one),
    );
    return { location, attempt: kept(deliveries, "attempt") };
  }

  /** Hands on what the provider sent back. */
  async function finish(backendId: string, attempt: string, answer: Record<string, string>, origin = ORIGIN) {
    const deliveries: Delivery[] = [];
    const actor = await identify({ attempt }, origin);
    const step: SignInStep = await door.call(actor, finishRedirect, { backendId, answer }, (one) =>
      deliveries.push(one),
    );
    return { step, token: kept(deliveries, "sign-in") };
  }

  /** Signs in at a provider whose page asks for `login`, and brings back what the browser is sent home with. */
  async function at(location: string, form: Record<string, string>): Promise<Record<string, string>> {
    const agent = userAgent();
    const shown: Landing = await agent.visit(location, ORIGIN);
    const filled = new URLSearchParams({ ...fieldsOf(shown.body), ...form });
    const home = shown.status === 0 ? shown : await agent.visit(shown.url.href, ORIGIN, filled);
    if (home.status !== 0) throw new Error(`The provider kept the browser: ${home.status} ${home.body.slice(0, 300)}`);
    return Object.fromEntries(home.url.searchParams);
  }

  return { backend, identify, begin, finish, at };
}
