import { type Actor, notFound } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { visibleUser } from "../users/user.store.ts";
import {
  type Authority,
  authorityOf,
  type CertificateMaker,
  findAuthority,
  listCertificates,
  revokeCertificates,
} from "./ssh-certificate.store.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";
const shown = ({ createdAt, ...authority }: Authority) => ({ ...authority, createdAt: createdAt.toISOString() });

async function revoke(db: Db, userId: string, which: { orgId: string; serial: string }): Promise<void> {
  if ((await revokeCertificates(db, userId, which)) !== 1) throw notFound("SSH certificate");
}

/** Listing and revoking SSH certificates, and the authority that issues them. */
export const sshCertificateActions = (deps: { readonly sealer: Sealer; readonly maker: CertificateMaker }) => [
  serve(schema.listMySshCertificates, {
    access: "signed-in",
    run: ({ db, actor }, input) => listCertificates(db, { userId: actor.id ?? "" }, input),
  }),
  serve(schema.revokeMySshCertificate, {
    access: "signed-in",
    async run({ db, actor, about }, { organizationId, serial }) {
      about({ kind: "ssh-certificate", id: null, name: serial });
      await revoke(db, actor.id ?? "", { orgId: organizationId, serial });
      return {};
    },
  }),
  serve(schema.listUserSshCertificates, {
    access: "granted",
    async run({ db, actor }, { id, ...input }) {
      await visibleUser(db, actor, id);
      return listCertificates(db, { userId: id, orgId: orgOf(actor) }, input);
    },
  }),
  serve(schema.revokeUserSshCertificate, {
    access: "granted",
    async run({ db, actor, about, note }, { id, serial }) {
      const user = await visibleUser(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      await mustOutrank(db, actor, id);
      await mustHoldEverywhere(db, actor, id, schema.revokeUserSshCertificate.name);
      await revoke(db, id, { orgId: orgOf(actor), serial });
      note({ serial });
      return {};
    },
  }),
  serve(schema.readSshAuthority, {
    access: "granted",
    async run({ db, actor }) {
      const authority = await findAuthority(db, orgOf(actor));
      return { authority: authority && shown(authority) };
    },
  }),
  serve(schema.makeSshAuthority, {
    access: "granted",
    async run({ db, actor, about }) {
      const authority = await authorityOf(deps, db, orgOf(actor));
      about({ kind: "ssh-authority", id: orgOf(actor), name: authority.fingerprint });
      return { authority: shown(authority) };
    },
  }),
];
