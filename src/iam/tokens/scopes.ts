import { type Actor, type AnyAction, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

/** An action that an API key may be given. */
export interface Scope {
  readonly name: string;
  readonly title: string;
  /** Whether it takes a permission; the others are open to whoever is signed in. */
  readonly granted: boolean;
}

/** What keys may be given; known once all domains have handed in their actions. */
export interface Scopes {
  /** Called once, at the start. */
  learn(actions: readonly AnyAction<Db>[]): void;
  /** What somebody with these permissions may give, by name. */
  open(permissions: ReadonlySet<string>): readonly Scope[];
  /** Fault `invalid` for a name that is no action a key may call, `denied` for one the holder or the actor lacks. */
  mustBeHeld(names: readonly string[], actor: Actor, holder: ReadonlySet<string>): void;
}

export function createScopes(): Scopes {
  const known = new Map<string, Scope>();
  return {
    learn(actions) {
      known.clear();
      for (const { endpoint, access, confirm } of actions) {
        // What asks for a fresh proof, or for nobody at all, is nothing for a key.
        if (access === "anonymous" || confirm) continue;
        known.set(endpoint.name, { name: endpoint.name, title: endpoint.title, granted: access === "granted" });
      }
    },
    open: (permissions) =>
      [...known.values()]
        .filter(({ name, granted }) => !granted || permissions.has(name))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    mustBeHeld(names, actor, holder) {
      for (const name of names) {
        const scope = known.get(name);
        if (!scope) throw new Fault("invalid", `"${name}" is no action that an API key may call.`);
        if (!scope.granted) continue;
        if (!holder.has(name)) throw new Fault("denied", `The key's user lacks the permission "${name}" here.`);
        if (actor.kind !== "system" && !actor.permissions.has(name))
          throw new Fault("denied", `You cannot give "${name}" to a key: you lack that permission yourself.`);
      }
    },
  };
}
