import { useSyncExternalStore } from "react";
import { openTerminal, resumeTerminal } from "../../../src/sessions/schema.ts";
import { socket } from "../api.ts";
import { createLink, type Link, type LinkState, type Wire } from "./link.ts";
import type { Screen, ScreenKey } from "./screen.ts";

/** What a terminal is opened on. */
export interface TabTarget {
  readonly assetId: string;
  readonly accountId: string;
  readonly protocol: string;
  readonly asset: string;
  readonly account: string;
}

export interface Tab extends TabTarget {
  readonly key: string;
  readonly state: LinkState;
  /** The terminal made a noise or wrote something while it was not on the screen. */
  readonly news: boolean;
  readonly screen: Screen | null;
}

interface Held {
  tab: Tab;
  link: Link | null;
  sessionId: string | null;
}

export interface Tabs {
  readonly list: readonly Tab[];
  /** The key of the tab on the screen; null is the list of assets. */
  readonly active: string | null;
}

const STORED = "sallyport.tabs";
const held = new Map<string, Held>();
const listeners = new Set<() => void>();
const keyListeners = new Set<(key: ScreenKey) => void>();
let active: string | null = null;
let snapshot: Tabs = { list: [], active: null };
let made = 0;

function tell(): void {
  snapshot = { list: [...held.values()].map(({ tab }) => tab), active };
  for (const listener of listeners) listener();
}

function store(): void {
  const tabs = [...held.values()].map(({ tab: { assetId, accountId, protocol, asset, account }, sessionId }) => ({
    assetId,
    accountId,
    protocol,
    asset,
    account,
    sessionId,
  }));
  sessionStorage.setItem(STORED, JSON.stringify({ tabs, active: [...held.keys()].indexOf(active ?? "") }));
}

function update(key: string, change: Partial<Tab>): void {
  const entry = held.get(key);
  if (!entry) return;
  entry.tab = { ...entry.tab, ...change };
  tell();
}

async function begin(key: string, sessionId: string | null): Promise<void> {
  const { createScreen } = await import("./screen.ts");
  const entry = held.get(key);
  if (!entry) return;
  const { tab } = entry;
  const screen = createScreen({
    label: `${tab.account}@${tab.asset}`,
    key: (pressed) => keyListeners.forEach((listener) => listener(pressed)),
  });
  const { terminal } = screen;
  const { assetId, accountId, protocol } = tab;
  const link = createLink({
    open: (size) => socket(openTerminal, { assetId, accountId, protocol, ...size }) as unknown as Wire,
    resume: (id, size) => socket(resumeTerminal, { id, ...size }) as unknown as Wire,
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
    bytes: (bytes) => {
      terminal.write(bytes);
      if (active !== key && !held.get(key)?.tab.news) update(key, { news: true });
    },
    redraw: () => terminal.reset(),
    resized: (cols, rows) => {
      if (!screen.element.isConnected) terminal.resize(cols, rows);
      else if (cols !== terminal.cols || rows !== terminal.rows) link.resize(terminal.cols, terminal.rows);
    },
    changed: (state) => update(key, { state }),
    session: (id) => {
      entry.sessionId = id;
      store();
    },
  });
  entry.link = link;
  const encoder = new TextEncoder();
  terminal.onData((data) => link.input(encoder.encode(data)));
  terminal.onBinary((data) => link.input(Uint8Array.from(data, (char) => char.charCodeAt(0))));
  terminal.onResize(({ cols, rows }) => link.resize(cols, rows));
  update(key, { screen });
  setTimeout(() => {
    screen.fit();
    link.start(sessionId);
  }, 0);
}

function add(target: TabTarget, sessionId: string | null, state: LinkState): string {
  const key = `tab-${++made}`;
  held.set(key, { tab: { ...target, key, state, news: false, screen: null }, link: null, sessionId });
  return key;
}

/** Opens a terminal in a new tab and shows it. */
export function openTab(target: TabTarget): void {
  active = add(target, null, { kind: "connecting" });
  tell();
  store();
  void begin(active, null);
}

/** Shows a tab; null shows the assets. */
export function showTab(key: string | null): void {
  active = key !== null && held.has(key) ? key : null;
  if (active) update(active, { news: false });
  tell();
  store();
}

/** Shows the tab so many places on, or with `at` the tab at that place (1 is the first terminal). */
export function moveTab(by: number, at?: number): void {
  const keys: (string | null)[] = [null, ...held.keys()];
  showTab((at === undefined ? keys[(keys.indexOf(active) + by + keys.length) % keys.length] : keys[at]) ?? null);
}

/** Ends the session and closes its tab. */
export function closeTab(key: string): void {
  const entry = held.get(key);
  if (!entry) return;
  const keys = [...held.keys()];
  const at = keys.indexOf(key);
  entry.link?.close();
  entry.tab.screen?.dispose();
  held.delete(key);
  if (active === key) active = keys[at + 1] ?? keys[at - 1] ?? null;
  tell();
  store();
}

/** Takes up a lost terminal now, or opens a new session in the place of one that is over. */
export function reconnectTab(key: string): void {
  const entry = held.get(key);
  if (!entry) return;
  const { kind } = entry.tab.state;
  if (kind === "lost" || kind === "elsewhere") entry.link?.retry();
  else if (entry.link) {
    entry.tab.screen?.terminal.reset();
    entry.link.start(null);
  } else void begin(key, null);
}

/** Opens again the tabs that were open before the page was reloaded. Sessions that still live are taken up. */
export function restoreTabs(): void {
  if (held.size > 0) return;
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "null") as {
    tabs: (TabTarget & { sessionId: string | null })[];
    active: number;
  } | null;
  if (!stored) return;
  const keys = stored.tabs.map(({ sessionId, ...target }) => {
    const key = add(
      target,
      sessionId,
      sessionId ? { kind: "connecting" } : { kind: "fault", code: "closed", message: "" },
    );
    if (sessionId) void begin(key, sessionId);
    return key;
  });
  active = keys[stored.active] ?? null;
  tell();
}

/** The open terminals. */
export const useTabs = (): Tabs =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => snapshot,
  );

/** Calls `listener` for the console's own keys pressed in a terminal. */
export function onScreenKey(listener: (key: ScreenKey) => void): () => void {
  keyListeners.add(listener);
  return () => void keyListeners.delete(listener);
}
