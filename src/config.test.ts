import { describe, expect, it } from "vitest";
import { readConfig, usage } from "./config.ts";
import { Fault } from "./core/index.ts";

const read = (text: string, environment: Record<string, string> = {}) =>
  readConfig(text.split(" ").filter(Boolean), environment, "/home/somebody");

describe("without options", () => {
  it("listens on loopback only and keeps everything in ./data", () => {
    expect(read("")).toMatchObject({
      data: "/home/somebody/data",
      listen: { host: "127.0.0.1", port: 8080 },
      ssh: { host: "127.0.0.1", port: 2222 },
      database: null,
      demo: false,
      tls: { kind: "none" },
      masterKey: null,
      masterKeyFile: "/home/somebody/data/keys/master.key",
      log: { level: "info", format: "files" },
      limits: { sshWaiting: 64, sshConnections: 600 },
    });
  });

  it("has one gateway for each core, at least one", () => {
    expect(read("").gateways).toBeGreaterThanOrEqual(1);
  });
});

describe("what is understood", () => {
  it.each([
    ["--data /srv/gate", { data: "/srv/gate" }],
    ["--data=there", { data: "/home/somebody/there" }],
    ["--listen 9000", { listen: { host: "127.0.0.1", port: 9000 } }],
    ["--listen [::1]:9000", { listen: { host: "::1", port: 9000 } }],
    ["--listen localhost:0", { listen: { host: "localhost", port: 0 } }],
    ["--ssh 0.0.0.0:22", { ssh: { host: "0.0.0.0", port: 22 } }],
    ["--database postgres://a:b@h/n", { database: "postgres://a:b@h/n" }],
    [
      "--database postgres://a:b@h/n --database-owner postgres://o:p@h/n",
      { database: "postgres://a:b@h/n", databaseOwner: "postgres://o:p@h/n" },
    ],
    ["--demo --gateways 3", { demo: true, gateways: 3 }],
    ["--ssh-connections-per-minute 20", { limits: { sshConnections: 20 } }],
    ["--demo --ssh [::1]:22 --listen localhost:80", { demo: true }],
    ["--listen 0.0.0.0:443 --tls-self-signed", { tls: { kind: "self-signed" } }],
    [
      "--listen 0.0.0.0:443 --tls-cert c.pem --tls-key /k.pem",
      { tls: { kind: "own", certificate: "/home/somebody/c.pem", key: "/k.pem" } },
    ],
    [
      "--listen 0.0.0.0:443 --tls-acme Gate.example.org,b.example.org --acme-email a@b",
      {
        tls: {
          kind: "acme",
          domains: ["gate.example.org", "b.example.org"],
          email: "a@b",
          challenges: { host: "0.0.0.0", port: 80 },
        },
      },
    ],
    ["--listen 0.0.0.0:80 --trusted-proxy 10.0.0.0/8,::1", { trustedProxies: ["10.0.0.0/8", "::1/128"] }],
    [
      "--listen 443 --tls-self-signed --client-certificates 0.0.0.0:8443",
      { clientCertificates: { host: "0.0.0.0", port: 8443 } },
    ],
    ["", { clientCertificates: null }],
    ["--public-url https://gate.example.org/", { publicUrl: "https://gate.example.org" }],
    ["--log-level debug --log-format json", { log: { level: "debug", format: "json" } }],
  ])("%s", (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  it("reads the same from the environment, and options win", () => {
    const environment = {
      SALLYPORT_LISTEN: "127.0.0.1:1",
      SALLYPORT_SSH: "127.0.0.1:2",
      SALLYPORT_DEMO: "yes",
      SALLYPORT_TRUSTED_PROXY: "10.0.0.1",
    };
    expect(read("--ssh 127.0.0.1:3", environment)).toMatchObject({
      listen: { port: 1 },
      ssh: { port: 3 },
      demo: true,
      trustedProxies: ["10.0.0.1/32"],
    });
  });

  it("takes the master key from the environment", () => {
    expect(read("", { SALLYPORT_MASTER_KEY: "abc" }).masterKey).toBe("abc");
    expect(read("", { SALLYPORT_MASTER_KEY_FILE: "k" }).masterKeyFile).toBe("/home/somebody/k");
  });

  it("lists every option in --help", () => {
    expect(usage()).toContain("--tls-self-signed");
    expect(
      usage()
        .split("\n")
        .every((line) => line.length <= 120),
    ).toBe(true);
  });
});

describe("what is refused, with one line that names the option", () => {
  it.each([
    ["--colour red", "--colour"],
    ["stray", "stray"],
    ["--data", "--data"],
    ["--data --demo", "--data"],
    ["--data a --data b", "--data"],
    ["--demo=1", "--demo"],
    ["--listen nowhere", "--listen"],
    ["--listen 127.0.0.1:99999", "--listen"],
    ["--listen ::1:80", "--listen"],
    ["--ssh [abc]:22", "--ssh"],
    ["--database mysql://h/n", "--database"],
    ["--database postgres://h", "--database"],
    ["--database-owner postgres://a:b@h/n", "--database URL"],
    ["--database postgres://a:b@h/n --database-owner http://h/n", "--database-owner"],
    ["--gateways 0", "--gateways"],
    ["--gateways two", "--gateways"],
    ["--tls-cert c.pem", "--tls-key"],
    ["--tls-self-signed --tls-acme a.example.org", "--tls-acme"],
    ["--client-certificates 8443", "--client-certificates"],
    ["--tls-self-signed --client-certificates 0", "--client-certificates"],
    ["--tls-acme localhost", "--tls-acme"],
    ["--acme-email a@b", "--acme-email"],
    ["--trusted-proxy 10.0.0.0/33", "--trusted-proxy"],
    ["--trusted-proxy proxy.local", "--trusted-proxy"],
    ["--public-url gate.example.org", "--public-url"],
    ["--public-url http://gate.example.org", "--public-url"],
    ["--public-url https://gate.example.org/path", "--public-url"],
    ["--log-level loud", "--log-level"],
    ["--listen 0.0.0.0:8080", "--trusted-proxy"],
    ["--listen [::]:8080", "--tls-self-signed"],
    ["--listen 192.0.2.1:8080", "--tls-acme"],
    ["--listen 127.example.org:8080", "--tls-acme"],
    ["--demo --listen 0.0.0.0:443 --tls-self-signed", "--listen 0.0.0.0:443"],
    ["--demo --listen 0.0.0.0:80 --trusted-proxy 10.0.0.1", "--listen 0.0.0.0:80"],
    ["--demo --ssh 0.0.0.0:2222", "--ssh 0.0.0.0:2222"],
    ["--demo --ssh [::]:2222", "--ssh [::]:2222"],
  ])("%s", (text, named) => {
    const refused = (): unknown => read(text);
    expect(refused).toThrow(Fault);
    expect(refused).toThrow(named);
    expect(refused).not.toThrow("\n");
  });

  it("does not repeat the database's password", () => {
    expect(() => read("--database mysql://user:hunter2@h/n")).not.toThrow("hunter2");
  });
});
