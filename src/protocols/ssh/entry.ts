import type { Protocol } from "../protocol.ts";
import { SshSettings } from "../schema.ts";
import { connectSsh } from "./client.ts";

export const ssh: Protocol = {
  kind: "ssh",
  title: "SSH",
  surface: "terminal",
  defaultPort: 22,
  settings: SshSettings,
  credentials: ["password", "key"],
  async check({ settings, ...target }, credential) {
    const { legacyAlgorithms } = SshSettings.parse(settings ?? {});
    const connection = await connectSsh({ ...target, credential, legacy: legacyAlgorithms });
    connection.close();
  },
};
