import { useMemo } from "react";
import { useTranslation } from "react-i18next";

/** A name in code as words: "fromAddress" → "From address". */
export const humanized = (name: string): string => {
  const spaced = name
    .replace(/[-_]+/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

/** The words for groups and fields, which come from the server by key; those that have none get their key in words. */
export function useWords() {
  const { t, i18n } = useTranslation();
  return useMemo(() => {
    const say = (key: string, otherwise: string): string => {
      const full = `settings.groups.${key}`;
      return i18n.exists(full) ? (t as (key: string) => string)(full) : otherwise;
    };
    return {
      title: ({ key, title }: { readonly key: string; readonly title: string }) => say(`${key}.title`, title),
      text: (key: string) => say(`${key}.text`, ""),
      label: (key: string, name: string) => say(`${key}.fields.${name}`, humanized(name)),
      help: (key: string, name: string, otherwise = "") => say(`${key}.help.${name}`, otherwise),
      choice: (key: string, name: string, value: string) => say(`${key}.choices.${name}.${value}`, humanized(value)),
    };
  }, [t, i18n]);
}
