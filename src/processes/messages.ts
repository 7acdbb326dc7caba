import type { DatabaseAddress } from "../db/index.ts";
import type { Config } from "../config.ts";
import type { DemoTarget } from "../demo/index.ts";

export type Role = "api" | "gateway";

/** What a child needs to know; it travels over the private channel, never in arguments or the environment. */
export interface Settings {
  readonly config: Omit<Config, "masterKey" | "database" | "databaseOwner">;
  /** Signs in as a role that may become `sallyport_app`; the owner's address stays with the supervisor. */
  readonly database: DatabaseAddress;
  /** 32 bytes in base64. */
  readonly masterKey: string;
  /** Unix sockets of the gateways lie here. */
  readonly run: string;
  readonly demo: DemoTarget | null;
  /** Whether the program starts, as opposed to one of its processes again. */
  readonly first: boolean;
  /** Tells processes of one role apart: log file names. */
  readonly slot: number;
}

/** What the api is told of the gateways. */
export interface Gateways {
  readonly alive: number;
  /** Over SSH, since the program started. */
  readonly failedSignIns: number;
  /** Of the event loop, in seconds, by slot. */
  readonly lags: Readonly<Record<string, number>>;
}

/** What a proxy said before the client's first bytes. */
export interface Via {
  /** The client's. */
  readonly address: string;
  /** What the client had sent already, in base64. */
  readonly head: string;
}

export type ToChild =
  | { readonly kind: "start"; readonly settings: Settings }
  /** Comes with the socket of an SSH client; nothing has been read from it but what `via` holds. */
  | { readonly kind: "connection"; readonly id: number; readonly via?: Via }
  | ({ readonly kind: "gateways" } & Gateways)
  | { readonly kind: "reload" }
  | { readonly kind: "stop" };

export type FromChild =
  | { readonly kind: "ready"; readonly port: number | null; readonly setupToken: string | null }
  | { readonly kind: "failed"; readonly message: string }
  | {
      readonly kind: "load";
      readonly sessions: number;
      readonly bytesPerSecond: number;
      /** Since the last report. */
      readonly failedSignIns: number;
      /** Of the event loop, in seconds. */
      readonly lag: number;
    }
  | { readonly kind: "signed-in"; readonly id: number }
  | { readonly kind: "closed"; readonly id: number };
