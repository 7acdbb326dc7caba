import { CaretRightOutlined } from "@ant-design/icons";
import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { call } from "../api.ts";
import type { Page } from "../query.ts";
import { rowHeight } from "../theme.ts";
import { useHeld } from "./held.ts";
import { learnNames } from "./choices.ts";
import { useLook } from "./settings.ts";
import { ErrorPanel, Loading } from "./states.tsx";
import { linesOf, type TreeLine, type TreeNode } from "./tree-lines.ts";

const PAGE = 200;
const MOST = 100_000;

interface TreeProps<N extends TreeNode> {
  readonly label: string;
  /** Lists the children of `parentId`, the roots without it. */
  readonly list: Endpoint;
  readonly chosen: string | null;
  readonly choose: (id: string | null) => void;
  /** Stands at the end of the line of the pointer or the keyboard: a menu. */
  readonly tail?: (node: N) => ReactNode;
  /** Keys of the page on the current line; returns whether it was one. */
  readonly onKey?: (event: KeyboardEvent, line: TreeLine<N>) => boolean;
  /** Opened besides what the person opened, such as the way to what is chosen. */
  readonly reveal?: readonly string[];
  readonly empty?: ReactNode;
}

async function childrenOf<N extends TreeNode>(list: Endpoint, parentId: string, signal: AbortSignal): Promise<N[]> {
  const nodes: N[] = [];
  for (let cursor: string | null | undefined; cursor !== null && nodes.length < MOST; ) {
    const input = { limit: PAGE, ...(parentId && { parentId }), ...(cursor && { cursor }) };
    const page = (await call(list, input, signal)) as Page<N>;
    nodes.push(...page.items);
    learnNames(page.items);
    cursor = page.next;
  }
  return nodes;
}

/** A tree whose children are read when a node is opened. Only lines on the screen are drawn. */
export function Tree<N extends TreeNode>({ label, list, chosen, choose, tail, onKey, reveal, empty }: TreeProps<N>) {
  const { density } = useLook();
  const height = rowHeight(density) - 4;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = useMemo(() => ["", ...open], [open]);
  const reads = useQueries({
    queries: wanted.map((id) => ({
      queryKey: [list.name, "children", id],
      queryFn: ({ signal }: { signal: AbortSignal }) => childrenOf<N>(list, id, signal),
      staleTime: 60_000,
    })),
  });
  const root = reads[0]!;
  const roots = root.data;
  useEffect(() => {
    if (roots?.length === 1) setOpen((now) => (now.size === 0 ? new Set([roots[0]!.id]) : now));
  }, [roots]);
  const revealed = reveal?.join() ?? "";
  useEffect(() => {
    if (revealed) setOpen((now) => new Set([...now, ...revealed.split(",")]));
  }, [revealed]);
  const answers = reads.map(({ data }) => data);
  const lines = useHeld([wanted, open, ...answers], () =>
    linesOf(new Map(wanted.map((id, at) => [id, answers[at] ?? []])), open),
  );
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 10,
  });

  const toggle = (id: string, on: boolean) =>
    setOpen((now) => {
      const next = new Set(now);
      next[on ? "add" : "delete"](id);
      return next;
    });
  const go = (to: number) => {
    const next = Math.max(0, Math.min(lines.length - 1, to));
    setCurrent(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const line = lines[current];
    if (event.ctrlKey || event.metaKey || event.altKey || !line || event.target !== event.currentTarget) return;
    const { node, parentId } = line;
    const parent = lines.findIndex(({ node: each }) => each.id === parentId);
    if (onKey?.(event, line)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "ArrowDown" || event.key === "j") go(current + 1);
    else if (event.key === "ArrowUp" || event.key === "k") go(current - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(lines.length - 1);
    else if (event.key === "ArrowRight" && node.hasChildren && !open.has(node.id)) toggle(node.id, true);
    else if (event.key === "ArrowRight") go(current + 1);
    else if (event.key === "ArrowLeft" && open.has(node.id)) toggle(node.id, false);
    else if (event.key === "ArrowLeft") go(Math.max(0, parent));
    else if (event.key === "Enter" || event.key === " ") choose(node.id === chosen ? null : node.id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (root.isPending) return <Loading lines={5} />;
  if (root.isError) return <ErrorPanel error={root.error} retry={() => void root.refetch()} />;
  if (lines.length === 0 && empty) return empty;
  return (
    <div
      ref={scroller}
      className="tree"
      role="tree"
      aria-label={label}
      aria-activedescendant={lines[current] ? `node-${lines[current].node.id}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const { node, level, place, of } = lines[index]!;
          return (
            <div
              key={node.id}
              id={`node-${node.id}`}
              role="treeitem"
              aria-level={level}
              aria-posinset={place}
              aria-setsize={of}
              aria-selected={node.id === chosen}
              aria-expanded={node.hasChildren ? open.has(node.id) : undefined}
              className={`tree-line${node.id === chosen ? " chosen" : ""}${index === current ? " current" : ""}`}
              style={{ height, transform: `translateY(${start}px)`, paddingLeft: 8 + (level - 1) * 14 }}
              onClick={() => {
                setCurrent(index);
                choose(node.id === chosen ? null : node.id);
              }}
            >
              <span
                className={`caret${open.has(node.id) ? " open" : ""}`}
                onClick={(event) => {
                  event.stopPropagation();
                  if (node.hasChildren) toggle(node.id, !open.has(node.id));
                }}
              >
                {node.hasChildren && <CaretRightOutlined />}
              </span>
              <span className="tree-name">{node.name}</span>
              <span className="faint tree-count">{node.assets}</span>
              {tail?.(node)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
