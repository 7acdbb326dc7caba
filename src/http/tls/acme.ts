import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import acme from "acme-client";
import { covers, findMaterial, lifeLeft, type Material, writeMaterial, writeWhole } from "./material.ts";

const RENEW_MS = 30 * 86_400_000;
const CHALLENGE = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]{1,200})$/;

export interface Acme {
  /** The certificate on disk, if it names every domain and is not near its end. */
  find(now: Date): Promise<Material | null>;
  /** Orders a new one and keeps it. Rejects with the authority's words; calling it again is safe. */
  order(): Promise<Material>;
  close(): Promise<void>;
}

/**
 * Certificates by ACME with HTTP-01 (RFC 8555). Listens at `challenges` for the authority's questions and sends
 * everybody else on to https. Account key and certificate are kept in `directory`.
 */
export async function createAcme(deps: {
  readonly directory: string;
  readonly domains: readonly string[];
  readonly email: string | null;
  readonly server: string;
  readonly challenges: { readonly host: string; readonly port: number };
}): Promise<Acme> {
  const { domains } = deps;
  const files = { certificate: join(deps.directory, "certificate.pem"), key: join(deps.directory, "certificate.key") };
  const answers = new Map<string, string>();
  const listener = await answerChallenges(answers, new Set(domains), deps.challenges);
  return {
    async find(now) {
      const found = await findMaterial(files);
      return found && covers(found, domains) && lifeLeft(found, now) > RENEW_MS ? found : null;
    },
    async order() {
      const client = new acme.Client({
        directoryUrl: deps.server,
        accountKey: await accountKey(join(deps.directory, "account.key")),
      });
      const [key, csr] = await acme.crypto.createCsr(
        { commonName: domains[0]!, altNames: [...domains] },
        await acme.crypto.createPrivateEcdsaKey("P-256"),
      );
      const cert = await client.auto({
        csr,
        ...(deps.email && { email: deps.email }),
        termsOfServiceAgreed: true,
        challengePriority: ["http-01"],
        skipChallengeVerification: true,
        challengeCreateFn: async (_authorization, challenge, answer) => void answers.set(challenge.token, answer),
        challengeRemoveFn: async (_authorization, challenge) => void answers.delete(challenge.token),
      });
      const made = { cert, key: key.toString() };
      await writeMaterial(files, made);
      return made;
    },
    close: () => new Promise((resolve) => listener.close(() => resolve()).closeAllConnections()),
  };
}

async function accountKey(path: string): Promise<string> {
  const found = await readFile(path, "utf8").catch(() => null);
  if (found) return found;
  const made = (await acme.crypto.createPrivateEcdsaKey("P-256")).toString();
  await writeWhole(path, made);
  return made;
}

async function answerChallenges(
  answers: ReadonlyMap<string, string>,
  domains: ReadonlySet<string>,
  at: { readonly host: string; readonly port: number },
): Promise<Server> {
  const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, (request, response) => {
    const answer = answers.get(CHALLENGE.exec(request.url ?? "")?.[1] ?? "");
    if (answer !== undefined) return response.setHeader("content-type", "application/octet-stream").end(answer);
    const name = request.headers.host?.toLowerCase().replace(/:\d+$/, "") ?? "";
    if (!domains.has(name)) return response.writeHead(404).end();
    return response.writeHead(308, { location: `https://${name}${request.url ?? "/"}`, connection: "close" }).end();
  });
  server.maxConnections = 500;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  return server;
}
