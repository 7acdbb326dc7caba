import { type ThemeConfig, theme as antTheme } from "antd";

/** Colours by their use. Everything on the screen takes its colour from here. */
interface Palette {
  readonly page: string;
  readonly panel: string;
  readonly raised: string;
  readonly hover: string;
  readonly selected: string;
  readonly line: string;
  readonly strongLine: string;
  readonly text: string;
  readonly muted: string;
  readonly faint: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly accentSoft: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly info: string;
  readonly badSoft: string;
  readonly warnSoft: string;
}

const light: Palette = {
  page: "#f7f7f8",
  panel: "#ffffff",
  raised: "#ffffff",
  hover: "#f2f3f4",
  selected: "#e6f2ef",
  line: "#e4e5e8",
  strongLine: "#c9ccd1",
  text: "#1b1d21",
  muted: "#565b64",
  faint: "#6b7079",
  accent: "#1f7a6b",
  onAccent: "#ffffff",
  accentSoft: "#e6f2ef",
  good: "#1a7f45",
  warn: "#945b00",
  bad: "#c0352b",
  info: "#2b64b5",
  badSoft: "#fdeeec",
  warnSoft: "#fdf4e3",
};

const dark: Palette = {
  page: "#131417",
  panel: "#1a1b1f",
  raised: "#222429",
  hover: "#24262b",
  selected: "#1d322e",
  line: "#2c2f35",
  strongLine: "#454951",
  text: "#e7e8ea",
  muted: "#a5aab3",
  faint: "#8b919b",
  accent: "#4fb3a1",
  onAccent: "#0b1714",
  accentSoft: "#1d322e",
  good: "#57bd82",
  warn: "#dba143",
  bad: "#f07b70",
  info: "#7fb0f0",
  badSoft: "#351f1e",
  warnSoft: "#332818",
};

export type Mode = "light" | "dark";
export type Density = "compact" | "comfortable";

const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Inter, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif';
export const MONO = 'ui-monospace, "SF Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const ROW = { compact: 30, comfortable: 40 } as const;

/** The height of a row of a list, in pixels. */
export const rowHeight = (density: Density): number => ROW[density];

/** Ant Design's tokens for a mode and a density. */
export function themeOf(mode: Mode, density: Density): ThemeConfig {
  const colors = mode === "dark" ? dark : light;
  const base = mode === "dark" ? antTheme.darkAlgorithm : antTheme.defaultAlgorithm;
  const control = density === "compact" ? 28 : 32;
  return {
    algorithm: base,
    token: {
      fontFamily: FONT,
      fontFamilyCode: MONO,
      fontSize: 13,
      sizeUnit: 4,
      sizeStep: 4,
      borderRadius: 6,
      borderRadiusLG: 8,
      controlHeight: control,
      wireframe: false,
      colorPrimary: colors.accent,
      colorLink: colors.accent,
      colorSuccess: colors.good,
      colorWarning: colors.warn,
      colorError: colors.bad,
      colorInfo: colors.info,
      colorText: colors.text,
      colorTextSecondary: colors.muted,
      colorTextTertiary: colors.faint,
      colorTextDescription: colors.muted,
      colorTextPlaceholder: colors.faint,
      colorBgLayout: colors.page,
      colorBgContainer: colors.panel,
      colorBgElevated: colors.raised,
      colorBorder: colors.strongLine,
      colorBorderSecondary: colors.line,
      colorTextLightSolid: colors.onAccent,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
    },
    components: {
      Tooltip: { colorBgSpotlight: mode === "dark" ? "#3a3d44" : "#2a2c31", colorTextLightSolid: "#ffffff" },
      Button: { fontWeight: 500, primaryShadow: "none", defaultShadow: "none", dangerShadow: "none" },
      Tabs: { horizontalItemPadding: "8px 0", horizontalMargin: "0" },
      Modal: { titleFontSize: 15 },
      Drawer: { padding: 16, paddingLG: 16 },
      Form: { itemMarginBottom: 16, verticalLabelPadding: "0 0 4px" },
    },
  };
}

/** Writes the same colours as CSS variables `--page`, `--strong-line` … for our own style sheet. */
export function paint(mode: Mode, density: Density): void {
  const root = document.documentElement;
  for (const [name, value] of Object.entries(mode === "dark" ? dark : light)) {
    root.style.setProperty(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, value);
  }
  root.style.setProperty("--font", FONT);
  root.style.setProperty("--mono", MONO);
  root.style.setProperty("--row", `${rowHeight(density)}px`);
  root.style.colorScheme = mode;
  root.dataset.mode = mode;
}

/** Colours of the terminal, which is dark in both modes: programs expect it so. */
export const TERMINAL_THEME = {
  background: "#131417",
  foreground: "#e2e4e7",
  cursor: "#4fb3a1",
  cursorAccent: "#131417",
  selectionBackground: "#3b5f58",
  black: "#22252b",
  red: "#f07b70",
  green: "#6cc38f",
  yellow: "#dcab58",
  blue: "#7fb0f0",
  magenta: "#c99be8",
  cyan: "#5cc2c0",
  white: "#d5d8dd",
  brightBlack: "#7b818c",
  brightRed: "#ff9d93",
  brightGreen: "#8fdcae",
  brightYellow: "#f0c67c",
  brightBlue: "#a4c9ff",
  brightMagenta: "#dfbcf5",
  brightCyan: "#86dedc",
  brightWhite: "#ffffff",
} as const;
