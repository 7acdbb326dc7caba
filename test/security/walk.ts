import type { AnyAction } from "../../src/core/index.ts";
import type { Db } from "../../src/db/index.ts";
import { DEFAULT_ORGANIZATION } from "../../src/iam/index.ts";
import { type Gate, knock } from "./gate.ts";
import { ruleTries } from "./walk-rules.ts";

/** How a call may end. `own`: it succeeds, and nothing of the first organization is in the answer. */
type End = "unauthenticated" | "denied" | "not_found" | "conflict" | "invalid" | "own";

interface Try {
  readonly input: object;
  readonly nobody: End;
  /** A member of the first organization whose role holds nothing. */
  readonly user: End;
  /** The administrator of the second organization. */
  readonly other: End;
}

/** The same end for everybody who is signed in. */
const signedIn = (end: End, input: object = {}): Try[] => [{ input, nobody: "unauthenticated", user: end, other: end }];
const granted = (other: End, ...inputs: object[]): Try[] =>
  inputs.map((input) => ({ input, nobody: "unauthenticated", user: "denied", other }));
const anybody = (end: End, input: object = {}): Try[] => [{ input, nobody: end, user: end, other: end }];

/** For every endpoint by name what strangers get, tried with rows of the first organization. No entry: the walk fails. */
export function expectations({ first }: Gate): Readonly<Record<string, Try[]>> {
  const {
    adminId,
    userId,
    groupId,
    nodeId,
    assetId,
    accountId,
    grantId,
    keyId,
    endedId,
    liveId,
    jobId,
    ticketId,
    requestRuleId,
    backendId,
    roleId,
    root,
  } = first;
  const { names } = first;
  const { serviceId, serviceKeyId, apiKeyId, deviceCode } = first;
  const password = "a-password-that-is-long";
  const ssh = { kind: "ssh", port: 22 };
  const secret = { kind: "password", value: "stolen" };
  const named = (name: string) => `${name}-${Math.random().toString(36).slice(2)}`;
  return {
    "setup.read": anybody("own"),
    "setup.complete": anybody("denied", { token: "x".repeat(43), loginName: "eve", name: "Eve", password }),
    "sign-in": anybody("unauthenticated", { loginName: "admin", password: "wrong" }),
    "sign-in.ways": anybody("own"),
    "sign-in.step": anybody("own"),
    "sign-in.cancel": anybody("own"),
    "sign-in.factor-begin": anybody("unauthenticated", { kind: "totp" }),
    "sign-in.factor": anybody("unauthenticated", { kind: "totp", answer: "000000" }),
    "sign-in.enrol-begin": anybody("unauthenticated", { kind: "totp" }),
    "sign-in.enrol": anybody("unauthenticated", { kind: "totp", answer: "000000" }),
    "sign-in.new-password": anybody("unauthenticated", { password }),
    "sign-in.redirect": anybody("not_found", { backendId: groupId }),
    "sign-in.callback": anybody("unauthenticated", { backendId: groupId, answer: {} }),
    "sign-in.passkey-begin": anybody("invalid"),
    "sign-in.passkey": anybody("unauthenticated", { answer: "{}" }),
    "sign-in.posted": anybody("unauthenticated", { backendId: groupId, relay: "x".repeat(43), answer: "x" }),
    "sign-in.metadata": anybody("not_found", { backendId: groupId }),
    "me.identity.list": signedIn("own"),
    "me.identity.link": signedIn("not_found", { backendId: groupId }),
    "me.identity.unlink": signedIn("not_found", { id: groupId }),
    "user.identity.list": granted("not_found", { id: adminId }),
    "user.identity.link": granted("denied", { id: adminId, backendId: groupId, issuer: "i", subject: "s" }),
    "user.identity.unlink": granted("not_found", { id: adminId, identityId: groupId }),
    "user.identity.awaited": granted("not_found", { id: adminId }),
    "user.identity.await": granted("denied", { id: adminId, backendId: groupId, outsideName: "eve" }),
    "user.identity.forget": granted("not_found", { id: adminId, identityId: groupId }),
    "me.passkey.list": [...signedIn("own"), ...signedIn("own", { search: "a" })],
    "me.passkey.rename": signedIn("not_found", { id: keyId, name: "stolen" }),
    "me.profile.read": signedIn("own"),
    "me.profile.update": signedIn("own", { timeZone: "Europe/Berlin" }),
    "me.confirm.ways": signedIn("own"),
    "me.confirm.begin": signedIn("conflict", { kind: "totp" }),
    "me.confirm": signedIn("conflict", { kind: "password", answer: "wrong" }),
    "sign-in.forgot": anybody("conflict", { who: "admin" }),
    "sign-in.reset": anybody("denied", { token: "x".repeat(43), password }),
    "user.reset-link": granted("not_found", { id: adminId }),
    "sign-in-block.list": granted("own", {}, { search: "admin" }),
    "sign-in-block.lift": granted("not_found", { id: groupId }),
    "site-sign-in-block.list": granted("denied", {}),
    "site-sign-in-block.lift": granted("denied", { id: groupId }),
    "me.read": signedIn("own"),
    "me.preferences": signedIn("own", { theme: "dark" }),
    "me.password": signedIn("invalid", { current: "wrong", next: password }),
    "me.asset.mark": signedIn("not_found", { id: assetId, favourite: true }),
    "me.ssh-key.list": signedIn("own"),
    "me.ssh-key.add": signedIn("invalid", { name: "k", publicKey: "ssh-ed25519 AAAA" }),
    "me.ssh-key.remove": signedIn("not_found", { id: keyId }),
    "me.factor.list": signedIn("own"),
    "me.factor.begin": signedIn("invalid", { kind: "no-such-kind" }),
    "me.factor.add": signedIn("unauthenticated", { enrolmentId: groupId, answer: "000000" }),
    "me.factor.remove": signedIn("not_found", { kind: "totp", id: adminId }),
    "me.factor.recovery-codes": signedIn("conflict"),
    "user.factor.list": granted("not_found", { id: adminId }),
    "user.factor.reset": granted("not_found", { id: adminId }),
    "me.sign-in-session.list": signedIn("own"),
    "me.sign-in-session.end": signedIn("not_found", { id: groupId }),
    "me.sign-in-session.end-all": signedIn("own"),
    "me.api-key.list": signedIn("own"),
    "me.api-scope.list": signedIn("own"),
    "me.api-key.create": signedIn("invalid", { name: "k", scopes: ["nothing.at-all"] }),
    "me.api-key.update": signedIn("not_found", { id: apiKeyId, name: "stolen" }),
    "me.api-key.delete": signedIn("not_found", { id: apiKeyId }),
    "me.ssh-certificate.list": signedIn("own"),
    "me.ssh-certificate.revoke": signedIn("not_found", { organizationId: groupId, serial: "1" }),
    "user.sign-in-session.list": granted("not_found", { id: userId }, { id: adminId }),
    "user.sign-in-session.end": granted("not_found", { id: adminId, sessionId: adminId }),
    "user.sign-in-session.end-all": granted("not_found", { id: userId }, { id: adminId }),
    "user.api-key.list": granted("not_found", { id: userId }, { id: adminId }),
    "user.api-key.delete": granted("not_found", { id: adminId, keyId: apiKeyId }),
    "user.ssh-certificate.list": granted("not_found", { id: userId }, { id: adminId }),
    "user.ssh-certificate.revoke": granted("not_found", { id: adminId, serial: "1" }),
    "service-account.list": granted("own", {}, { search: "a" }),
    "service-account.read": granted("not_found", { id: serviceId }),
    "service-account.create": granted("conflict", { loginName: first.userName, name: "Eve" }),
    "service-account.update": granted("not_found", { id: serviceId, version: 1, active: false }),
    "service-account.delete": granted("not_found", { id: serviceId }),
    "service-account.key.list": granted("not_found", { id: serviceId }),
    "service-account.key.create": granted("not_found", { id: serviceId, name: "k", scopes: ["user.list"] }),
    "service-account.key.update": granted("not_found", { id: serviceId, keyId: serviceKeyId, active: false }),
    "service-account.key.delete": granted("not_found", { id: serviceId, keyId: serviceKeyId }),
    "ssh-authority.read": granted("own", {}),
    "ssh-authority.make": granted("own", {}),
    "device.begin": anybody("invalid", { publicKey: "ssh-ed25519 AAAA", device: "laptop" }),
    "device.collect": anybody("unauthenticated", { token: "x".repeat(43) }),
    // A code is for whoever sees it on their own machine; it tells nothing of an organization.
    "device.read": signedIn("own", { code: deviceCode }),
    "device.confirm": signedIn("not_found", { code: "BCDF-GHJK" }),
    "device.refuse": signedIn("not_found", { code: "BCDF-GHJK" }),
    "settings.list": granted("denied", {}, { search: "mail" }),
    "settings.read": granted("denied", { key: "mail" }),
    "settings.update": granted("denied", { key: "mail", version: 99, values: { host: "evil.example" } }),
    "settings.mail.check": granted("denied", { to: "eve@example.org" }),
    "organization-settings.list": granted("own", {}),
    "organization-settings.read": granted("own", { key: "sign-in" }),
    "organization-settings.update": [
      ...granted("not_found", { key: "mail", version: 0, values: { host: "evil.example" } }),
      ...granted("conflict", { key: "sign-in", version: 99, values: { secondFactor: "off" } }),
    ],
    "job.list": granted("own", {}, { search: "job" }, { kind: "probe" }),
    "job.read": granted("not_found", { id: jobId }),
    "job.result.list": granted("not_found", { id: jobId }),
    "job.cancel": granted("not_found", { id: jobId }),
    "me.job.list": [...signedIn("own"), ...signedIn("own", { kind: "probe" })],
    "me.job.read": signedIn("not_found", { id: jobId }),
    "me.job.result.list": signedIn("not_found", { id: jobId }),
    "me.job.cancel": signedIn("not_found", { id: jobId }),
    "ticket.list": granted("own", {}, { search: "ticket" }, { kind: "probe" }, { state: "pending" }),
    "ticket.read": granted("not_found", { id: ticketId }),
    "me.ticket.list": [
      ...signedIn("own"),
      ...signedIn("own", { as: "reviewer" }),
      ...signedIn("own", { kind: "probe", state: "pending" }),
    ],
    "me.ticket.read": signedIn("not_found", { id: ticketId }),
    "me.ticket.approve": signedIn("not_found", { id: ticketId }),
    "me.ticket.reject": signedIn("not_found", { id: ticketId }),
    "me.ticket.cancel": signedIn("not_found", { id: ticketId }),
    "user.list": [...granted("own", {}, { groupId }, { roleId: "administrator" }, { search: "a" })],
    "user.read": granted("not_found", { id: userId }, { id: adminId }),
    "user.create": granted("conflict", { loginName: first.userName, name: "Eve" }),
    "user.update": granted(
      "not_found",
      { id: userId, version: first.versions.user, active: false },
      { id: adminId, version: 1, roles: [] },
    ),
    "user.delete": granted("not_found", { id: userId }, { id: adminId }),
    "user.password": granted("not_found", { id: userId, password }, { id: adminId, password }),
    "user.ssh-key.list": granted("not_found", { id: adminId }),
    "user.ssh-key.add": granted("not_found", { id: adminId, name: "k", publicKey: "ssh-ed25519 AAAA" }),
    "user.ssh-key.remove": granted("not_found", { id: adminId, keyId }),
    "user.invite": granted("not_found", { id: userId }, { id: adminId }),
    "user.invite.revoke": granted("not_found", { id: userId }, { id: adminId }),
    "sign-in.invitation": anybody("denied", { token: "x".repeat(43) }),
    "sign-in.accept": anybody("denied", { token: "x".repeat(43), password }),
    "user.bulk": granted("own", { work: { do: "disable", ids: [userId, adminId] } }),
    "user.export": granted("own", { format: "csv" }),
    "user.import.template": granted("own", { format: "csv" }),
    "user.import.upload": granted("not_found", { fileId: groupId, name: "f", number: 0, pieces: 1, content: "YQ==" }),
    "user.import.preview": granted("not_found", { fileId: groupId }),
    "user.import": granted("not_found", { fileId: groupId, mode: "both" }),
    "site-user.list": granted("denied", {}, { search: "a" }),
    "site-user.read": granted("denied", { id: userId }),
    "site-user.update": granted("denied", { id: userId, version: 1, active: false }),
    "site-user.delete": granted("denied", { id: userId }),
    "organization.list": granted("denied", {}, { search: "default" }),
    "organization.read": granted("denied", { id: DEFAULT_ORGANIZATION }),
    "organization.create": granted("denied", { name: named("o") }),
    "organization.update": granted("denied", {
      id: DEFAULT_ORGANIZATION,
      version: 1,
      name: "stolen",
    }),
    "organization.delete": granted("denied", { id: DEFAULT_ORGANIZATION }),
    "membership.list": granted("denied", { id: DEFAULT_ORGANIZATION }),
    "membership.add": granted("not_found", { person: named("nobody") }),
    "membership.remove": granted("not_found", { id: adminId }),
    "me.organization.list": [...signedIn("own"), ...signedIn("own", { search: "o" })],
    "me.organization.switch": signedIn("not_found", { id: groupId }),
    "group.list": granted("own", {}, { userId: adminId }),
    "group.read": granted("not_found", { id: groupId }),
    "group.create": granted("not_found", { name: named("g"), userIds: [adminId] }),
    "group.update": granted("not_found", { id: groupId, version: 1, name: "stolen" }),
    "group.delete": granted("not_found", { id: groupId }),
    "group.member.add": granted("not_found", { id: groupId, userIds: [adminId] }),
    "group.member.remove": granted("not_found", { id: groupId, userIds: [adminId] }),
    "role.list": granted("own", {}),
    "role.read": granted("not_found", { id: roleId }),
    "role.create": granted("invalid", { name: named("r"), permissions: ["settings.update"] }),
    "role.update": granted("not_found", { id: roleId, version: 1, permissions: [] }),
    "role.delete": granted("not_found", { id: roleId }),
    "role.permissions": granted("own", {}),
    "site-role.create": granted("denied", { name: named("r"), scope: "system", permissions: ["user.list"] }),
    "site-role.update": granted("denied", { id: roleId, version: 1, permissions: [] }),
    "site-role.delete": granted("denied", { id: roleId }),
    "site-role.holder.list": granted("denied", {}),
    "site-role.bind": granted("denied", { id: adminId, roles: [] }),
    "user.permissions.read": granted("not_found", { id: adminId }, { id: userId }),
    "me.permissions": signedIn("own"),
    "sign-in-backend.kinds": granted("denied", {}),
    "sign-in-backend.list": granted("denied", {}),
    "sign-in-backend.read": granted("denied", { id: backendId }),
    "sign-in-backend.create": granted("denied", { kind: "ldap", name: named("b"), settings: { host: "evil.example" } }),
    "sign-in-backend.update": granted("denied", { id: backendId, version: 1, active: true }),
    "sign-in-backend.delete": granted("denied", { id: backendId, withIdentities: true }),
    "sign-in-backend.reorder": granted("denied", { ids: [backendId] }),
    "sign-in-backend.check": granted("denied", { id: backendId }, { id: backendId, loginName: "admin", password }),
    "sign-in-backend.sync": granted("denied", { id: backendId }, { id: backendId, preview: false }),
    "sign-in-backend.mapping.list": granted("denied", { id: backendId }),
    "sign-in-backend.mapping.add": granted("denied", {
      id: backendId,
      outsideGroup: "everybody",
      orgId: groupId,
      roleId: "administrator",
    }),
    "sign-in-backend.mapping.remove": granted("denied", { id: backendId, mappingId: groupId }),
    "node.list": granted("own", {}, { parentId: root }, { search: "node" }),
    "node.create": granted("not_found", { parentId: root, name: "stolen" }, { parentId: nodeId, name: "stolen" }),
    "node.update": granted("not_found", { id: nodeId, version: 1, name: "stolen" }),
    "node.delete": granted("not_found", { id: nodeId }),
    "asset.list": granted("own", {}, { nodeId }, { nodeId: root }, { search: "asset" }),
    "asset.read": granted("not_found", { id: assetId }),
    "asset.create": granted("not_found", { name: named("a"), host: "10.0.0.1", protocols: [ssh], nodeIds: [nodeId] }),
    "asset.update": granted("not_found", { id: assetId, version: 1, host: "10.6.6.6" }),
    "asset.delete": granted("not_found", { id: assetId }),
    "asset.host-key.accept": granted("not_found", { id: assetId, port: 22, fingerprint: "SHA256:x" }),
    "protocol.list": signedIn("own"),
    "account.list": granted("own", {}, { assetId }, { search: "account" }),
    "account.create": granted("not_found", { assetId, username: "root", secret }),
    "account.update": granted("not_found", { id: accountId, version: first.versions.account, secret }),
    "account.delete": granted("not_found", { id: accountId }),
    "grant.list": granted("own", {}, { userId: adminId }, { assetId }, { nodeId }, { groupId }),
    "grant.person.list": granted("not_found", { id: assetId }),
    "grant.read": granted("not_found", { id: grantId }),
    "grant.explanation.read": granted("not_found", { userId: adminId, assetId }),
    "grant.preview": granted("own", {
      userIds: [adminId],
      groupIds: [groupId],
      assetIds: [assetId],
      nodeIds: [nodeId],
    }),
    "grant.create": granted(
      "not_found",
      ...[{ userIds: [adminId] }, { groupIds: [groupId] }, { assetIds: [assetId] }, { nodeIds: [nodeId] }].map(
        (side) => ({
          name: named("r"),
          accounts: { all: true },
          protocols: { all: true },
          ...side,
        }),
      ),
    ),
    "grant.update": granted("not_found", { id: grantId, version: 1, active: false }),
    "grant.delete": granted("not_found", { id: grantId }),
    "request-rule.list": granted("own", {}, { search: "request" }),
    "request-rule.read": granted("not_found", { id: requestRuleId }),
    "request-rule.create": granted(
      "not_found",
      ...[
        { askerUserIds: [adminId] },
        { reviewerGroupIds: [groupId] },
        { assetIds: [assetId] },
        { nodeIds: [nodeId] },
      ].map((side) => ({ name: named("q"), ...side })),
    ),
    "request-rule.update": granted("not_found", { id: requestRuleId, version: 1, active: false }),
    "request-rule.delete": granted("not_found", { id: requestRuleId }),
    "me.request-options": signedIn("own"),
    "me.requestable.list": [
      ...signedIn("own"),
      ...signedIn("own", { search: names.asset }),
      ...signedIn("own", { what: "node" }),
    ],
    "me.access-request.create": signedIn("not_found", {
      assetIds: [assetId],
      accounts: ["root"],
      minutes: 60,
      reason: "Because",
    }),
    "me.break-glass": signedIn("not_found", {
      assetIds: [assetId],
      accounts: ["root"],
      minutes: 30,
      reason: "Because",
    }),
    ...ruleTries(first, granted),
    "me.asset.list": [...signedIn("own"), ...signedIn("own", { nodeId }), ...signedIn("own", { search: "asset" })],
    "me.node.list": [
      ...signedIn("own"),
      ...signedIn("own", { parentId: root }),
      ...signedIn("own", { parentId: nodeId }),
    ],
    "session.list": granted("own", {}, { userId: adminId }, { assetId }),
    "me.session.list": [...signedIn("own"), ...signedIn("own", { userId: adminId }), ...signedIn("own", { assetId })],
    "session.read": granted("not_found", { id: endedId }, { id: liveId }),
    "session.terminate": granted("not_found", { id: liveId }),
    "terminal.open": signedIn("denied", { assetId, accountId }),
    "terminal.resume": [...signedIn("not_found", { id: liveId }), ...signedIn("not_found", { id: endedId })],
    "session.watch": granted("not_found", { id: liveId }, { id: endedId }),
    "recording.open": granted("not_found", { id: endedId }),
    "recording.read": granted("not_found", { id: endedId }),
    "recording.export": granted("not_found", { id: endedId }),
    "audit.event.list": granted("own", {}, { actorId: adminId }, { targetId: assetId }, { outcome: "ok" }),
    "audit.status": granted("own", {}),
    // Last: it ends the session of whoever walks.
    "sign-out": signedIn("own"),
  };
}

export interface Stranger {
  readonly who: "nobody" | "user" | "other";
  readonly cookie: string;
  readonly id: string | null;
  /** What must not be in any answer. */
  readonly marks: readonly string[];
}

/** Calls every action as each stranger; one line for whatever did not end as expected. */
export async function walk(
  url: string,
  actions: readonly Pick<AnyAction<Db>, "endpoint">[],
  expected: Readonly<Record<string, Try[]>>,
  strangers: readonly Stranger[],
): Promise<string[]> {
  const wrong: string[] = [];
  const names = Object.keys(expected);
  const unknown = actions.filter(({ endpoint }) => !names.includes(endpoint.name));
  wrong.push(
    ...unknown.map(({ endpoint }) => `${endpoint.name}: a new endpoint; write down in walk.ts what strangers get`),
  );
  for (const name of names) {
    const action = actions.find(({ endpoint }) => endpoint.name === name);
    if (!action) wrong.push(`${name}: expected, but there is no such endpoint`);
    else
      for (const one of expected[name] ?? [])
        for (const stranger of strangers) wrong.push(...(await tryOne(url, action, one, stranger)));
  }
  return wrong;
}

async function tryOne(
  url: string,
  { endpoint }: Pick<AnyAction<Db>, "endpoint">,
  one: Try,
  stranger: Stranger,
): Promise<string[]> {
  const { who, cookie, marks } = stranger;
  const { route, name } = endpoint;
  const reply = await knock({ url, route, input: one.input, headers: { origin: url, ...(cookie && { cookie }) } });
  const end = reply.status < 300 ? "own" : reply.code;
  const where = `${name} ${JSON.stringify(one.input)} as ${who}`;
  const text = name === "audit.event.list" && end === "own" ? withoutOwnEvents(reply.body, stranger) : reply.text;
  const told = marks.filter((mark) => text.includes(mark) && !JSON.stringify(one.input).includes(mark));
  return [
    ...(end === one[who] ? [] : [`${where}: ${reply.status} ${reply.code}, expected ${one[who]}`]),
    ...told.map((mark) => `${where}: the answer tells ${mark}`),
  ];
}

/** Whoever tries names things, and finds the names again in the events of the own tries. */
function withoutOwnEvents(body: string, { id }: Stranger): string {
  const { items } = JSON.parse(body) as { items: { actor: { id: string | null } }[] };
  return JSON.stringify(items.filter(({ actor }) => actor.id !== id));
}
