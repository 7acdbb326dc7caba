import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { depart, goAway } from "../login/redirecting.ts";
import type { WayInDeps } from "../login/way-in.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { visibleUser } from "../users/user.store.ts";
import * as store from "./identity.store.ts";
import { linkIdentity } from "./link.ts";

/** A new way in is a new key to the door: it is given only to who just proved to be the person. */
const CONFIRM = { level: "password", minutes: 10 } as const;

/** The active or inactive backend of that id; Fault `not_found`. */
async function backendOf(db: Db, id: string): Promise<{ id: string; name: string }> {
  const row = await db.selectFrom("sign_in_backend").select(["id", "name"]).where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound("backend");
  return row;
}

/** The user, if the actor may change how they sign in. */
async function manageable(db: Db, actor: Actor, id: string, permission: string): Promise<{ id: string; name: string }> {
  const user = await visibleUser(db, actor, id);
  if (actor.id === id) throw new Fault("denied", "Link and unlink your own user on your own page.");
  await mustOutrank(db, actor, id);
  await mustHoldEverywhere(db, actor, id, permission);
  return { id, name: user.loginName };
}

async function endSessionsBy(db: Db, userId: string, backendId: string, but: string | null): Promise<void> {
  let ending = db.deleteFrom("console_session").where("user_id", "=", userId).where("backend_id", "=", backendId);
  if (but) ending = ending.where("id", "!=", but);
  await ending.execute();
}

/** One's own identities, and linking another. */
function ownActions(deps: WayInDeps) {
  const { db: reading } = deps.database;
  const list = serve(schema.listMyIdentities, {
    access: "signed-in",
    run: ({ db, actor }, input) => store.listIdentities(db, actor.id ?? "", input),
  });
  const link = serve(schema.linkMyIdentity, {
    access: "signed-in",
    confirm: CONFIRM,
    before: ({ actor }, { backendId }) => {
      if (!actor.signInId)
        throw new Fault("denied", "Only somebody who is signed in to the console can link a provider.");
      return depart({ ...deps, db: reading }, actor, backendId);
    },
    async run({ db, actor, prepared, deliver, note }, { backendId }) {
      note({ backend: (await backendOf(db, backendId)).name });
      const linkTo = { userId: actor.id ?? "", signInId: actor.signInId ?? "" };
      return goAway({ ...deps, db }, prepared, { actor, backendId, returnTo: null, linkTo, deliver });
    },
  });
  const unlink = serve(schema.unlinkMyIdentity, {
    access: "signed-in",
    confirm: CONFIRM,
    async run({ db, actor, about, note }, { id }) {
      const userId = actor.id ?? "";
      const found = await store.findIdentity(db, userId, id);
      if (!found) throw notFound("link");
      about({ kind: "user", id: userId, name: actor.name });
      if (!(await store.hasAnotherWayIn(db, userId, id))) {
        throw new Fault("conflict", "This is your last way in. Set a password or link another provider first.");
      }
      await store.deleteIdentity(db, userId, id);
      await endSessionsBy(db, userId, found.backend.id, actor.signInId);
      note({ backend: found.backend.name, issuer: found.issuer, subject: found.subject });
      return {};
    },
  });
  return [list, link, unlink];
}

const list = serve(schema.listUserIdentities, {
  access: "granted",
  async run({ db, actor }, { id, ...input }) {
    await visibleUser(db, actor, id);
    return store.listIdentities(db, id, input);
  },
});

/** Backends and what their groups give belong to the whole site: so do the links of others to them. */
const link = serve(schema.linkUserIdentity, {
  access: "granted",
  confirm: CONFIRM,
  async run({ db, actor, about, note }, { id, backendId, issuer, subject }) {
    const user = await manageable(db, actor, id, schema.linkUserIdentity.name);
    about({ kind: "user", ...user });
    note({ backend: (await backendOf(db, backendId)).name });
    const outside = { issuer, subject, loginName: subject };
    const made = await linkIdentity(db, { backendId, userId: id, outside, now: null });
    const found = await store.findIdentity(db, id, made);
    if (!found) throw notFound("link");
    return found;
  },
});

const unlink = serve(schema.unlinkUserIdentity, {
  access: "granted",
  async run({ db, actor, about, note }, { id, identityId }) {
    const user = await manageable(db, actor, id, schema.unlinkUserIdentity.name);
    about({ kind: "user", ...user });
    const found = await store.findIdentity(db, id, identityId);
    if (!found) throw notFound("link");
    await store.deleteIdentity(db, id, identityId);
    await endSessionsBy(db, id, found.backend.id, null);
    note({ backend: found.backend.name, issuer: found.issuer, subject: found.subject });
    return {};
  },
});

const listAwaited = serve(schema.listAwaitedIdentities, {
  access: "granted",
  async run({ db, actor }, { id, ...input }) {
    await visibleUser(db, actor, id);
    return store.listAwaited(db, id, input);
  },
});

const expect = serve(schema.awaitUserIdentity, {
  access: "granted",
  confirm: CONFIRM,
  async run({ db, actor, about, note }, { id, backendId, outsideName, days }) {
    const user = await manageable(db, actor, id, schema.awaitUserIdentity.name);
    about({ kind: "user", ...user });
    note({ backend: (await backendOf(db, backendId)).name });
    const row = { id: newId(), backendId, userId: id, outsideName, createdBy: actor.id, days };
    if (!(await store.insertAwaited(db, row))) {
      throw new Fault("conflict", `"${outsideName}" is awaited for another user already. Take that back first.`);
    }
    const found = await store.findAwaited(db, id, row.id);
    if (!found) throw notFound("link");
    return found;
  },
});

const forget = serve(schema.forgetAwaitedIdentity, {
  access: "granted",
  async run({ db, actor, about }, { id, identityId }) {
    const user = await manageable(db, actor, id, schema.forgetAwaitedIdentity.name);
    about({ kind: "user", ...user });
    if (!(await store.deleteAwaited(db, id, identityId))) throw notFound("link");
    return {};
  },
});

/** Who people are at the backends: their own links, and those that administrators see and make. */
export const identityActions = (deps: WayInDeps) => [
  ...ownActions(deps),
  list,
  link,
  unlink,
  listAwaited,
  expect,
  forget,
];
