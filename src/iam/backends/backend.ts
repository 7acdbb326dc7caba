import type { z } from "zod";

/** Somebody as a backend knows them; `issuer` and `subject` together never mean anybody else. */
export interface OutsideIdentity {
  /** Who vouches: an OIDC issuer, a SAML entity id, the directory's base; at most 1,024 characters. */
  readonly issuer: string;
  /** What the issuer calls them for good (sub, NameID, entryUUID), not a name that can be given to another. */
  readonly subject: string;
  readonly loginName: string;
  readonly name: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  /** False: the directory says that the person may not sign in. */
  readonly active?: boolean;
  /** What signing out there needs; sealed into the console session. */
  readonly memory?: unknown;
}

/** What every call gets. `say` writes a line of the transcript that a test of the settings shows; no secrets. */
export interface BackendCall<S> {
  readonly settings: S;
  /** Which of the configured backends it is. */
  readonly id: string;
  readonly signal: AbortSignal;
  say(line: string): void;
}

interface Kind<S> {
  readonly kind: string;
  readonly title: string;
  /** An object; its secret fields are marked secret(), and every field has a description for the form. */
  readonly settings: z.ZodType<S>;
  /** Settings whose change asks for the secrets anew, so that none is sent to a server it was not given for. */
  readonly secretsStayWith?: readonly string[];
  /** Whether these settings let it judge users who are not linked to it: whoever rules it then comes near everybody. */
  judgesEverybody?(settings: S): boolean;
  /** Tries the settings without anybody's sign-in; throws a Fault with what to do. */
  check(call: BackendCall<S>): Promise<void>;
}

/** One entry of a directory as a sync reads it: a person, or why it cannot be one. */
export type DirectoryEntry = OutsideIdentity | { readonly label: string; readonly problem: string };

/** Takes a name and a password on our own form. */
export interface FormBackend<S> extends Kind<S> {
  readonly flow: "form";
  /** Null: not known here or the password is wrong. Fault `upstream` or `timeout`: the backend cannot tell. */
  verify(
    call: BackendCall<S>,
    form: { readonly loginName: string; readonly password: string },
  ): Promise<OutsideIdentity | null>;
  /** Everybody the backend knows, page by page, where it can list them. */
  people?(call: BackendCall<S>): AsyncIterable<readonly DirectoryEntry[]>;
}

/** Where a sign-in begins. */
interface Beginning {
  readonly callback: string;
  /** The certificate door's port; null: there is none. */
  readonly certificatePort: number | null;
}

/** A way on which an answer comes without the cookie of the browser that began. */
export type AnswerBy = "post" | "certificate";

export interface Departure {
  readonly location: string;
  readonly memory: unknown;
  /** The answer comes without a cookie (`answers` says how), and names the sign-in by this (256 random bits). */
  readonly relay?: string;
}

/** Sends the browser away and takes it back. */
export interface RedirectBackend<S> extends Kind<S> {
  readonly flow: "redirect";
  /** How what comes as `posted` reached us: by a form of the provider's page, or over the certificate door. */
  readonly answers?: AnswerBy;
  /** The authorities (PEM) whose certificates the certificate door asks browsers for. */
  authorities?(settings: S): readonly string[];
  /** Where the browser goes, with https; `memory` comes back to `finish`. */
  begin(call: BackendCall<S>, at: Beginning): Promise<Departure>;
  /** `answer` is what the browser brought back. Fault `unauthenticated` for anything that is not proved. */
  finish(
    call: BackendCall<S>,
    at: {
      readonly callback: string;
      readonly answer: Readonly<Record<string, string>>;
      readonly memory: unknown;
      spend(proof: string, until: Date): Promise<boolean>;
    },
  ): Promise<OutsideIdentity>;
  /** What the provider must know of us, as XML that anybody may read. */
  metadata?(call: BackendCall<S>, at: { readonly callback: string }): Promise<string>;
  /** Where the browser goes to sign out there as well; null: nowhere. */
  signOut?(call: BackendCall<S>, at: { readonly memory: unknown; readonly returnTo: string }): Promise<string | null>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- settings are checked by the entry's own schema
export type Backend = FormBackend<any> | RedirectBackend<any>;
