import { ArrowDownOutlined, ArrowUpOutlined, CloseOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Screen } from "./screen.ts";

const MARKS = {
  matchBackground: "#5b4a1c",
  activeMatchBackground: "#b58a2b",
  matchOverviewRuler: "#b58a2b",
  activeMatchColorOverviewRuler: "#f0c67c",
};

/** Finds text in what the terminal showed. */
export function FindBar({ screen, close }: { screen: Screen; close: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<{ at: number; of: number } | null>(null);
  useEffect(() => {
    const listening = screen.search.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ at: resultIndex + 1, of: resultCount }),
    );
    return () => {
      listening.dispose();
      screen.search.clearDecorations();
    };
  }, [screen]);
  const find = (text: string, back = false, incremental = false) =>
    back
      ? screen.search.findPrevious(text, { decorations: MARKS })
      : screen.search.findNext(text, { decorations: MARKS, incremental });
  return (
    <div className="find-bar" role="search">
      <Input
        size="small"
        autoFocus
        value={typed}
        aria-label={t("work.terminal.find")}
        placeholder={t("work.terminal.find")}
        onChange={(event) => {
          setTyped(event.target.value);
          if (event.target.value) find(event.target.value, false, true);
          else screen.search.clearDecorations();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") find(typed, !event.shiftKey);
          if (event.key === "Escape") close();
        }}
      />
      <span className="muted">{found && typed ? t("work.terminal.found", found) : ""}</span>
      <Button
        size="small"
        type="text"
        icon={<ArrowUpOutlined />}
        aria-label={t("work.terminal.findBefore")}
        onClick={() => find(typed, true)}
      />
      <Button
        size="small"
        type="text"
        icon={<ArrowDownOutlined />}
        aria-label={t("work.terminal.findNext")}
        onClick={() => find(typed)}
      />
      <Button size="small" type="text" icon={<CloseOutlined />} aria-label={t("kit.close")} onClick={close} />
    </div>
  );
}
