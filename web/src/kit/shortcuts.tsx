import { Modal } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

/** A key of the page: as `KeyboardEvent.key` gives it, with `mod+` for Ctrl or ⌘. */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Works while one types in a field too. */
  readonly always?: boolean;
}

const layers: { readonly current: readonly Shortcut[] }[] = [];

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  (target as HTMLInputElement).type !== "checkbox";

const isCovered = (target: EventTarget | null): boolean =>
  document.querySelector(".ant-modal-wrap:not([style*='display: none'])") !== null &&
  !(target instanceof HTMLElement && target.closest(".ant-modal-wrap"));

/** What closes with Escape by itself, and nothing below it. */
const isDialog = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest(".ant-modal-wrap, .ant-drawer") !== null;

/** What takes Enter and Space for itself. */
const isControl = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest(
    "button, a, input, summary, [role='button'], [role='menuitem'], [role='tab'], [role='switch'], [role='radio']",
  ) !== null;

/** The event as it is written in a shortcut. */
function keysOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const shift = event.shiftKey && event.key.length > 1 ? "shift+" : "";
  if (event.key === " ") return `${mod}Space`;
  return `${mod}${shift}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

function dispatch(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const keys = keysOf(event);
  if ((keys === "Enter" || keys === "Space") && isControl(event.target)) return;
  if (keys === "Escape" && isDialog(event.target)) return;
  for (const layer of layers.toReversed()) {
    for (const shortcut of layer.current) {
      if (shortcut.keys !== keys && !shortcut.keys.split(" ").includes(keys)) continue;
      if (!shortcut.always && (isTyping(event.target) || isCovered(event.target))) return;
      shortcut.run(event);
      event.preventDefault();
      return;
    }
  }
}

/** Makes the keys work while the component is on the screen; a later one goes before an earlier one. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  useEffect(() => {
    layers.push(newest);
    if (layers.length === 1) document.addEventListener("keydown", dispatch);
    return () => {
      layers.splice(layers.indexOf(newest), 1);
      if (layers.length === 0) document.removeEventListener("keydown", dispatch);
    };
  }, []);
}

const MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** A key as it stands on the keyboard. */
export function Keys({ keys }: { keys: string }) {
  const names: Record<string, string> = {
    mod: MAC ? "⌘" : "Ctrl",
    shift: "Shift",
    ArrowDown: "↓",
    ArrowUp: "↑",
    Escape: "Esc",
  };
  return (
    <span className="keys">
      {keys.split("+").map((key) => (
        <kbd key={key}>{names[key] ?? (key.length === 1 ? key.toUpperCase() : key)}</kbd>
      ))}
    </span>
  );
}

/** The sheet of all shortcuts that work now; `?` opens it. */
export function ShortcutSheet() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useShortcuts([{ keys: "?", label: t("kit.shortcuts.help"), run: () => setOpen(true) }]);
  useEffect(() => {
    const show = () => setOpen(true);
    document.addEventListener("sallyport:shortcuts", show);
    return () => document.removeEventListener("sallyport:shortcuts", show);
  }, []);
  const groups = open ? grouped(t("kit.shortcuts.general"), t("kit.shortcuts.page")) : [];
  return (
    <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t("kit.shortcuts.title")} width={480}>
      {groups.map(([title, shortcuts]) => (
        <section key={title} className="shortcut-group">
          <h4>{title}</h4>
          {shortcuts.map(({ keys, label }) => (
            <div key={`${keys} ${label}`} className="shortcut">
              <span>{label}</span>
              <span>
                {keys
                  .split(" ")
                  .filter(Boolean)
                  .map((key) => (
                    <Keys key={key} keys={key} />
                  ))}
              </span>
            </div>
          ))}
        </section>
      ))}
    </Modal>
  );
}

/** Opens the sheet from anywhere. */
export const showShortcuts = (): void => void document.dispatchEvent(new Event("sallyport:shortcuts"));

function grouped(general: string, page: string): (readonly [string, readonly Shortcut[]])[] {
  const isShell = (list: readonly Shortcut[]) => list.some(({ keys }) => keys === "mod+k" || keys === "?");
  const lists = layers.map(({ current }) => current);
  const named = (shell: boolean) =>
    lists.filter((list) => isShell(list) === shell).flatMap((list) => list.filter(({ label }) => label !== ""));
  return (
    [
      [page, named(false)],
      [general, named(true)],
    ] as const
  ).filter(([, list]) => list.length > 0);
}
