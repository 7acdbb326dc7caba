/** A node of the tree as it is drawn. */
export interface TreeNode {
  readonly id: string;
  readonly name: string;
  readonly assets: number;
  readonly hasChildren: boolean;
}

/** One line of the drawn tree. */
export interface TreeLine<N extends TreeNode = TreeNode> {
  readonly node: N;
  readonly level: number;
  readonly parentId: string | null;
  readonly place: number;
  readonly of: number;
}

/** The lines of a tree of which only opened nodes have known children. Children that are still loading are absent. */
export function linesOf<N extends TreeNode>(
  children: ReadonlyMap<string, readonly N[]>,
  open: ReadonlySet<string>,
  root = "",
): TreeLine<N>[] {
  const lines: TreeLine<N>[] = [];
  const stack: {
    readonly nodes: readonly N[];
    readonly level: number;
    readonly parentId: string | null;
    at: number;
  }[] = [{ nodes: children.get(root) ?? [], level: 1, parentId: null, at: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const node = top.nodes[top.at];
    if (!node) {
      stack.pop();
      continue;
    }
    top.at += 1;
    lines.push({ node, level: top.level, parentId: top.parentId, place: top.at, of: top.nodes.length });
    if (open.has(node.id))
      stack.push({ nodes: children.get(node.id) ?? [], level: top.level + 1, parentId: node.id, at: 0 });
  }
  return lines;
}
