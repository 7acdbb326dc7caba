import { z } from "zod";
import { Done, endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, KnownLoginName, Moment, Name, Named, plain, secret } from "../../core/fields.ts";

export const SshCertificate = z.object({
  /** Its number at its organization's authority, in decimal. */
  serial: plain(z.string()),
  organization: Named,
  fingerprint: plain(z.string()),
  /** What the machine calls itself. */
  device: plain(z.string()),
  address: plain(z.string()).nullable(),
  proofs: z.array(plain(z.string())),
  issuedAt: Moment,
  expiresAt: Moment,
  usedAt: Moment.nullable(),
  state: z.enum(["valid", "expired", "revoked"]),
});
export type SshCertificate = z.output<typeof SshCertificate>;

const Serial = plain(z.string().regex(/^[1-9]\d{0,17}$/, "Not a serial number."));

export const listMySshCertificates = endpoint({
  route: "GET /me/ssh-certificates",
  name: "me.ssh-certificate.list",
  title: "List one's own SSH certificates",
  input: listInput({}),
  output: listOutput(SshCertificate),
});

export const revokeMySshCertificate = endpoint({
  route: "POST /me/ssh-certificates/revoke",
  name: "me.ssh-certificate.revoke",
  title: "Revoke one's own SSH certificate; what it opened ends",
  input: z.object({ organizationId: Id, serial: Serial }),
  output: Done,
});

export const listUserSshCertificates = endpoint({
  route: "GET /users/:id/ssh-certificates",
  name: "user.ssh-certificate.list",
  title: "List a user's SSH certificates of this organization",
  input: listInput({ id: Id }),
  output: listOutput(SshCertificate),
});

export const revokeUserSshCertificate = endpoint({
  route: "POST /users/:id/ssh-certificates/revoke",
  name: "user.ssh-certificate.revoke",
  title: "Revoke a user's SSH certificate; what it opened ends",
  input: z.object({ id: Id, serial: Serial }),
  output: Done,
});

const SshAuthority = z.object({
  /** The line for a file that sshd's TrustedUserCAKeys names. */
  publicKey: plain(z.string()),
  fingerprint: plain(z.string()),
  createdAt: Moment,
});

export const readSshAuthority = endpoint({
  route: "GET /ssh-authority",
  name: "ssh-authority.read",
  title: "Read the public key of the organization's authority for SSH certificates",
  input: z.object({}),
  output: z.object({ authority: SshAuthority.nullable() }),
});

export const makeSshAuthority = endpoint({
  route: "POST /ssh-authority",
  name: "ssh-authority.make",
  title: "Make the organization's authority for SSH certificates, unless there is one",
  input: z.object({}),
  output: z.object({ authority: SshAuthority }),
});

/** Four letters, a dash, four letters; no vowels and none that are taken for another. */
const DeviceCode = plain(
  z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-?[BCDFGHJKLMNPQRSTVWXZ]{4}$/, "A code looks like BCDF-GHJK."),
);

export const beginDevice = endpoint({
  route: "POST /devices",
  name: "device.begin",
  title: "Ask for an SSH certificate from a command line; a person confirms it in the console",
  input: z.object({
    publicKey: plain(z.string().trim().min(1).max(20_000)),
    /** What the machine calls itself. */
    device: plain(z.string().trim().max(128)),
  }),
  output: z.object({
    code: plain(z.string()),
    /** Proves later that it was the same that asked. */
    token: secret(z.string()),
    /** The page of the console where the person types the code; it is not in the address, so that nobody can send it. */
    path: plain(z.string()),
    expiresAt: Moment,
    pollSeconds: z.number().int(),
  }),
});

export const collectDevice = endpoint({
  route: "POST /devices/collect",
  name: "device.collect",
  title: "Fetch the certificate once it was confirmed; until then `conflict` with details.state waiting",
  input: z.object({ token: secret(z.string().min(1).max(200)) }),
  output: z.object({ certificate: plain(z.string()), loginName: KnownLoginName, expiresAt: Moment }),
});

const Device = z.object({
  code: plain(z.string()),
  device: plain(z.string()),
  address: plain(z.string()).nullable(),
  /** Whether it asks from another network than the one that this question comes from. */
  elsewhere: z.boolean(),
  fingerprint: plain(z.string()),
  askedAt: Moment,
  /** Hours that the certificate will be valid. */
  hours: z.number().int(),
  /** Whether it will count from that address only. */
  onlyFromAddress: z.boolean(),
  organization: Name,
});

export const readDevice = endpoint({
  route: "GET /devices/:code",
  name: "device.read",
  title: "Tell which command line asks for a certificate under a code",
  input: z.object({ code: DeviceCode }),
  output: Device,
});

export const confirmDevice = endpoint({
  route: "POST /devices/:code/confirm",
  name: "device.confirm",
  title: "Give the command line that shows this code an SSH certificate of one's own",
  input: z.object({ code: DeviceCode }),
  output: Done,
});

export const refuseDevice = endpoint({
  route: "POST /devices/:code/refuse",
  name: "device.refuse",
  title: "Refuse the command line that shows this code",
  input: z.object({ code: DeviceCode }),
  output: Done,
});
