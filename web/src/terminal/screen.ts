import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { MONO, TERMINAL_THEME } from "../theme.ts";

/** Keys that a terminal leaves to the console; all with Ctrl and Shift, which no program on the other side sees. */
export type ScreenKey = "leave" | "find" | "palette" | "next" | "previous" | "close" | `tab-${number}`;

export interface Screen {
  readonly terminal: Terminal;
  readonly search: SearchAddon;
  /** The element that holds the terminal; it can be moved from one place of the page to another. */
  readonly element: HTMLElement;
  /** Fits the terminal to its element; returns the new size, or null while it is not on the page. */
  fit(): { cols: number; rows: number } | null;
  dispose(): void;
}

const KEYS: Readonly<Record<string, ScreenKey>> = {
  Period: "leave",
  KeyF: "find",
  KeyK: "palette",
  ArrowRight: "next",
  ArrowLeft: "previous",
  KeyX: "close",
};

const keyOf = ({ code }: KeyboardEvent): ScreenKey | null => {
  const [, digit] = /^Digit([1-9])$/.exec(code) ?? [];
  return digit ? `tab-${Number(digit)}` : (KEYS[code] ?? null);
};

/** A terminal of the browser. `key` is called for the console's own keys; `palette` goes on to the page. */
export function createScreen(options: {
  readOnly?: boolean;
  label: string;
  key?: (key: ScreenKey) => void;
  scrollback?: number;
}): Screen {
  const { readOnly = false, label, key, scrollback = 10_000 } = options;
  const terminal = new Terminal({
    fontFamily: MONO,
    fontSize: 13,
    lineHeight: 1.15,
    theme: TERMINAL_THEME,
    cursorBlink: false,
    disableStdin: readOnly,
    scrollback,
    allowProposedApi: true,
    macOptionIsMeta: true,
    rightClickSelectsWord: true,
    minimumContrastRatio: 1,
    scrollOnEraseInDisplay: true,
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  const element = document.createElement("div");
  element.className = "screen";
  let opened = false;

  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey || event.altKey) return true;
    if (event.code === "KeyC") return stop(event, () => copy(terminal));
    if (event.code === "KeyV") return stop(event, () => void paste(terminal, readOnly));
    const own = keyOf(event);
    if (own === "palette") return false;
    return own && key ? stop(event, () => key(own)) : true;
  });

  return {
    terminal,
    search,
    element,
    fit() {
      if (!element.isConnected || !element.parentElement?.clientWidth) return null;
      if (!opened) {
        opened = true;
        terminal.open(element);
        terminal.textarea?.setAttribute("aria-label", label);
      }
      if (!readOnly) fit.fit();
      return { cols: terminal.cols, rows: terminal.rows };
    },
    dispose: () => {
      terminal.dispose();
      element.remove();
    },
  };
}

function stop(event: KeyboardEvent, then: () => void): false {
  event.preventDefault();
  event.stopPropagation();
  then();
  return false;
}

function copy(terminal: Terminal): void {
  if (terminal.hasSelection()) void navigator.clipboard.writeText(terminal.getSelection());
}

async function paste(terminal: Terminal, readOnly: boolean): Promise<void> {
  if (!readOnly) terminal.paste(await navigator.clipboard.readText().catch(() => ""));
}
