import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type How, sshArguments } from "./clients.ts";
import { eventually, type Person, type Stage } from "./stage.ts";

/** OpenSSH's client in a real terminal (tmux), as a person sees it. */
export interface Screen {
  /** What is on the screen now, without trailing blanks. */
  text(): string;
  type(text: string): void;
  /** tmux's names: Enter, C-c, Up … */
  keys(...names: string[]): void;
  resize(cols: number, rows: number): void;
  shows(pattern: RegExp, ms?: number): Promise<string>;
  close(): void;
}

/** Opens a terminal of that size with a person's connection; needs a key. After the client its exit code is shown. */
export function openScreen(
  stage: Stage,
  person: Person,
  user: string,
  options: How & { cols?: number; rows?: number; command?: string[] } = {},
): Screen {
  const { cols = 100, rows = 30, command = [] } = options;
  const socket = join(stage.folder, `tmux-${Math.random().toString(36).slice(2)}`);
  const tmux = (...args: string[]): string =>
    execFileSync("/usr/bin/tmux", ["-u", "-f", "/dev/null", "-S", socket, ...args], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, LANG: "C.UTF-8", TERM: "xterm-256color" },
    });
  const words = ["/usr/bin/ssh", ...sshArguments(stage, person, user, command, options)].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  );
  tmux(
    "new-session",
    "-d",
    "-x",
    String(cols),
    "-y",
    String(rows),
    `${words.join(" ")}; echo "client ended: $?"; sleep 60`,
  );
  tmux("set-option", "-g", "status", "off");
  tmux("resize-window", "-x", String(cols), "-y", String(rows));
  const text = (): string => tmux("capture-pane", "-p", "-S", "-200").replace(/[ \n]+$/, "");
  return {
    text,
    type: (given) => void tmux("send-keys", "-l", given),
    keys: (...names) => void tmux("send-keys", ...names),
    resize: (width, height) => void tmux("resize-window", "-x", String(width), "-y", String(height)),
    async shows(pattern, ms = 8_000) {
      await eventually("the screen", () => pattern.test(text()), ms).catch(() => {
        throw new Error(`${pattern} did not come up; the screen shows:\n${text()}`);
      });
      return text();
    },
    close() {
      try {
        tmux("kill-server");
      } catch {
        // It has ended by itself.
      }
    },
  };
}
