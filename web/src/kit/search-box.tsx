import { CloseOutlined, SearchOutlined } from "@ant-design/icons";
import { type KeyboardEvent, type RefObject, useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AnySource, useChoices, useNameOf } from "./choices.ts";
import { lastWord, parseSearch, printSearch, type Search, withFilter } from "./search-syntax.ts";

/** A field that the search box understands as `name:value`. */
export interface Filter {
  /** What one types before the colon. */
  readonly name: string;
  /** The field of the endpoint's input that it fills. */
  readonly param: string;
  readonly label: string;
  readonly kind: "text" | "choice" | "moment" | "row";
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** For `row`: where the rows come from. The id stands in the address, the name on the chip. */
  readonly source?: AnySource;
  /** For `moment`: a day counts until its end. */
  readonly end?: boolean;
}

interface Suggestion {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly apply: () => void;
}

interface SearchBoxProps {
  readonly label: string;
  readonly filters: readonly Filter[];
  readonly typed: string;
  readonly change: (typed: string) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

/** One search box: chips for `field:value`, free text behind them, suggestions for both. */
export function SearchBox({ label, filters, typed, change, input }: SearchBoxProps) {
  const { t } = useTranslation();
  const search = useMemo(
    () =>
      parseSearch(
        typed,
        filters.map(({ name }) => name),
      ),
    [typed, filters],
  );
  const [draft, setDraft] = useState(search.text);
  const [open, setOpen] = useState(false);
  const [marked, setMarked] = useState(-1);
  const listId = useId();
  useEffect(() => setDraft((now) => (now.trim() === search.text ? now : search.text)), [search.text]);
  useEffect(() => {
    const settled = parseSearch(
      draft,
      filters.map(({ name }) => name),
    );
    if (settled.filters.length > 0 || /:\S*$/.test(lastWord(draft).word) || draft.trim() === search.text) return;
    const timer = setTimeout(() => change(printSearch({ ...search, text: draft.trim() })), 220);
    return () => clearTimeout(timer);
  }, [draft, search, change, filters]);

  const put = (filter: Filter, value: string) => {
    const rest = lastWord(draft).before.trim();
    setDraft(rest);
    setMarked(-1);
    change(printSearch(withFilter({ ...search, text: rest }, filter.name, value)));
  };
  const commit = () => {
    const read = parseSearch(
      draft,
      filters.map(({ name }) => name),
    );
    const all: Search = read.filters.reduce((found, { field, value }) => withFilter(found, field, value), {
      ...search,
      text: read.text,
    });
    setDraft(read.text);
    change(printSearch(all));
  };
  const suggestions = useSuggestions({
    draft,
    filters,
    put,
    complete: (name) => setDraft(`${lastWord(draft).before}${name}:`),
  });

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = suggestions[marked];
    if (event.key === "ArrowDown" && suggestions.length > 0) setMarked((at) => (at + 1) % suggestions.length);
    else if (event.key === "ArrowUp" && suggestions.length > 0)
      setMarked((at) => (at <= 0 ? suggestions.length : at) - 1);
    else if (event.key === "Tab" && chosen) chosen.apply();
    else if (event.key === "Enter") (chosen?.apply ?? commit)();
    else if (event.key === "Escape") event.currentTarget.blur();
    else if (event.key === "Backspace" && draft === "")
      change(printSearch({ ...search, filters: search.filters.slice(0, -1) }));
    else return;
    event.preventDefault();
  };

  return (
    <div className="search-box" role="search">
      <SearchOutlined aria-hidden="true" />
      {search.filters.map(({ field, value }) => (
        <Chip
          key={field}
          filter={filters.find(({ name }) => name === field)!}
          value={value}
          remove={() => change(printSearch(withFilter(search, field, "")))}
        />
      ))}
      <input
        ref={input}
        value={draft}
        placeholder={
          search.filters.length > 0 ? "" : t(filters.length > 0 ? "kit.list.search" : "kit.list.searchPlain")
        }
        aria-label={label}
        role="combobox"
        aria-expanded={open && suggestions.length > 0}
        aria-controls={listId}
        aria-activedescendant={marked >= 0 ? `${listId}-${marked}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        onChange={(event) => {
          setDraft(event.target.value);
          setMarked(-1);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setTimeout(() => setOpen(false), 120)}
        onKeyDown={onKeyDown}
      />
      {typed !== "" && (
        <button type="button" className="icon-button" aria-label={t("kit.list.clearSearch")} onClick={() => change("")}>
          <CloseOutlined />
        </button>
      )}
      {open && suggestions.length > 0 && (
        <div className="suggestions" id={listId} role="listbox">
          {suggestions.map(({ key, label: words, hint, apply }, at) => (
            <div
              key={key}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === marked}
              className={at === marked ? "suggestion marked" : "suggestion"}
              onMouseDown={(event) => {
                event.preventDefault();
                apply();
              }}
            >
              <span>{words}</span>
              <span className="muted">{hint}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

function useSuggestions(props: {
  draft: string;
  filters: readonly Filter[];
  put: (filter: Filter, value: string) => void;
  complete: (name: string) => void;
}): Suggestion[] {
  const { draft, filters, put, complete } = props;
  const { word } = lastWord(draft);
  const colon = word.indexOf(":");
  const named = colon > 0 ? filters.find(({ name }) => name === word.slice(0, colon).toLowerCase()) : undefined;
  const typed = word.slice(colon + 1).toLowerCase();
  const { items } = useChoices(named?.kind === "row" ? named.source : undefined, typed);
  if (!named) {
    if (colon > 0) return [];
    return filters
      .filter(
        ({ name, label }) =>
          word === "" || name.startsWith(word.toLowerCase()) || label.toLowerCase().startsWith(word.toLowerCase()),
      )
      .map(({ name, label }) => ({ key: name, label: `${name}:`, hint: label, apply: () => complete(name) }));
  }
  const values =
    named.kind === "row"
      ? items.map(({ id, name }) => ({ value: id, label: name }))
      : named.kind === "moment"
        ? ["1h", "24h", "7d", "30d"].map((value) => ({ value, label: value }))
        : (named.choices ?? []).filter(
            ({ value, label }) => value.toLowerCase().startsWith(typed) || label.toLowerCase().startsWith(typed),
          );
  return values
    .slice(0, 12)
    .map(({ value, label }) => ({ key: value, label, hint: named.label, apply: () => put(named, value) }));
}

function Chip({ filter, value, remove }: { filter: Filter; value: string; remove: () => void }) {
  const { t } = useTranslation();
  const name = useNameOf(filter.kind === "row" ? filter.source : undefined, value);
  const words = name ?? filter.choices?.find((choice) => choice.value === value)?.label ?? value;
  return (
    <span className="chip">
      <span className="muted">{filter.name}:</span>
      {words}
      <button
        type="button"
        className="icon-button"
        aria-label={t("kit.list.removeFilter", { name: filter.label })}
        onClick={remove}
      >
        <CloseOutlined />
      </button>
    </span>
  );
}
