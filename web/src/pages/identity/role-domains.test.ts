import { expect, it } from "vitest";
import { byDomain } from "./role-domains.ts";

it("groups permissions by domain and thing, seeing apart from changing", () => {
  expect(byDomain(["user.update", "user.list", "user.ssh-key.add", "asset.host-key.accept", "audit.status"])).toEqual([
    {
      domain: "identity",
      held: [
        { thing: "user", reads: ["list"], writes: ["update"] },
        { thing: "user.ssh-key", reads: [], writes: ["add"] },
      ],
    },
    { domain: "inventory", held: [{ thing: "asset.host-key", reads: [], writes: ["accept"] }] },
    { domain: "audit", held: [{ thing: "audit", reads: ["status"], writes: [] }] },
  ]);
});

it("keeps what it does not know under other, and a permission without a dot whole", () => {
  expect(byDomain(["vault.open", "backup"])).toEqual([
    {
      domain: "other",
      held: [
        { thing: "backup", reads: [], writes: ["backup"] },
        { thing: "vault", reads: [], writes: ["open"] },
      ],
    },
  ]);
});
