import { z } from "zod";
import { plain, secret } from "../../../core/index.ts";
import { oneLine } from "../fields.ts";

const Server = plain(
  z
    .string()
    .trim()
    .max(300)
    .regex(/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, "As in radius.example.org or 10.0.0.5:1812"),
);

export const radiusSettings = z.object({
  servers: z
    .array(Server)
    .min(1, "Name a server.")
    .max(5)
    .describe("Servers, tried in turn, as in radius.example.org:1812"),
  secret: secret(z.string().min(1, "Give the shared secret.").max(128)).describe("Secret shared with the servers"),
  use: z
    .enum(["sign-in", "second-factor"])
    .default("sign-in")
    .describe("What it proves: name and password, or the second factor of people who sign in otherwise"),
  secondFactorFor: z
    .enum(["linked", "everybody"])
    .default("linked")
    .describe("Second factor: asked of users linked to this backend, or of everybody by their login name"),
  asksFirst: z
    .boolean()
    .default(false)
    .describe("Second factor: ask the server first, for those that send a code or show a question (Access-Challenge)"),
  requireMessageAuthenticator: z
    .boolean()
    .default(true)
    .describe("Drop answers without Message-Authenticator; without this an attacker on the network can forge them"),
  nasIdentifier: oneLine(253)
    .min(1, "Give a name.")
    .default("sallyport")
    .describe("Name by which the servers know this gate"),
  realm: oneLine(128).default("").describe("Name of the people behind these servers; changing it unlinks everybody"),
  lowerCase: z.boolean().default(true).describe("Send login names in lower case, so that Ann and ann are one person"),
  groups: z
    .enum(["none", "class", "filter-id"])
    .default("none")
    .describe("Attribute of the answer that names the person's groups"),
  timeoutSeconds: z.number().int().min(1).max(10).default(3).describe("Seconds to wait for an answer"),
  tries: z.number().int().min(1).max(5).default(2).describe("How often each server is asked"),
});

export type RadiusSettings = z.output<typeof radiusSettings>;
