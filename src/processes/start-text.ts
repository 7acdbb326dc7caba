import { isIPv6 } from "node:net";
import { type Config, hostPort } from "../config.ts";
import type { HostKey } from "./host-keys.ts";

/** What a person reads after the start. */
export function startText(facts: {
  readonly config: Config;
  readonly httpPort: number;
  readonly sshPort: number;
  readonly setupToken: string | null;
  readonly hostKeys: readonly HostKey[];
  readonly adopted: boolean;
}): string {
  const { config } = facts;
  const console_ = consoleAddress(config, facts.httpPort);
  const ssh = hostPort({ host: config.ssh.host, port: facts.sshPort });
  const lines = [
    "Sallyport is running.",
    `  Console   ${console_}`,
    `  SSH       ${ssh}   ssh -p ${facts.sshPort} <user>@${reachable(config.ssh.host)}`,
    ...facts.hostKeys.slice(0, 1).map(({ fingerprint }) => `            host key ${fingerprint}`),
    ...(config.clientCertificates
      ? [`  Client certificates are asked for at ${hostPort(config.clientCertificates)}`]
      : []),
    `  Database  ${config.database ? "the server of --database" : facts.adopted ? "embedded, found running" : "embedded"}`,
    `  Data      ${config.data}`,
  ];
  if (config.demo) lines.push("  Demo      asset demo-host, account demo-account: this machine's own OpenSSH server");
  if (facts.setupToken) {
    lines.push(
      "",
      "Make the first administrator here (once, within 30 minutes):",
      `  ${console_}/setup#${facts.setupToken}`,
    );
  }
  lines.push("", "Stop with Ctrl-C.");
  return lines.join("\n");
}

function consoleAddress(config: Config, port: number): string {
  if (config.publicUrl) return config.publicUrl;
  const scheme = config.tls.kind === "none" ? "http" : "https";
  const host = config.tls.kind === "acme" ? config.tls.domains[0]! : reachable(config.listen.host);
  const standard = (scheme === "https" && port === 443) || (scheme === "http" && port === 80);
  const name = isIPv6(host) ? `[${host}]` : host;
  return `${scheme}://${standard ? name : `${name}:${port}`}`;
}

const reachable = (host: string): string => (host === "0.0.0.0" || host === "::" ? "localhost" : host);
