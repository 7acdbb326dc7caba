import { SerializeAddon } from "@xterm/addon-serialize";
import { createScreen, type Screen } from "../terminal/screen.ts";
import type { Stage } from "./playback.ts";

const [SMALLEST, LARGEST] = [6, 22];

/** A terminal nobody types into, drawn as large as its place allows while the other side decides its columns and rows. */
export interface FixedScreen extends Screen {
  readonly stage: Stage;
  /** Chooses the size of the letters so that everything fits. */
  fill(): void;
}

/** Makes a read-only terminal for replay and for watching. */
export function createFixedScreen(label: string, plain = false): FixedScreen {
  const screen = createScreen({ readOnly: true, label, scrollback: 2000 });
  const { terminal, element } = screen;
  terminal.options.convertEol = plain;
  const serialize = new SerializeAddon();
  terminal.loadAddon(serialize);
  const write = (data: string | Uint8Array) => new Promise<void>((resolve) => terminal.write(data, resolve));

  function fill(): void {
    if (!screen.fit()) return;
    const drawn = element.querySelector<HTMLElement>(".xterm-screen");
    const place = element.parentElement;
    if (!drawn || !place || drawn.offsetWidth === 0) return;
    const now = terminal.options.fontSize ?? 13;
    const scale = Math.min(
      (place.clientWidth - 28) / drawn.offsetWidth,
      (place.clientHeight - 12) / drawn.offsetHeight,
    );
    const wanted = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(now * scale * 2) / 2));
    if (wanted !== now) terminal.options.fontSize = wanted;
  }

  const stage: Stage = {
    write,
    reset(cols, rows) {
      terminal.reset();
      terminal.resize(cols, rows);
      fill();
    },
    resize(cols, rows) {
      if (cols === terminal.cols && rows === terminal.rows) return;
      terminal.resize(cols, rows);
      fill();
    },
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
    picture: () => serialize.serialize({ scrollback: 200 }),
    draw: write,
  };
  return { ...screen, stage, fill };
}
