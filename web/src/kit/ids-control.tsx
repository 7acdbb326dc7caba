import type { AnySource } from "./choices.ts";
import { Control } from "./controls.tsx";

const SHAPE = { kind: "ids", required: true, nullable: false, choices: [], initial: [], maxLength: undefined } as const;

/** Chooses ids of a source, where a field of a form is drawn by the page. */
export function IdsControl(props: {
  readonly id: string;
  readonly source: AnySource;
  readonly value: readonly string[];
  readonly change: (ids: string[]) => void;
  readonly leave: () => void;
}) {
  return (
    <Control
      {...props}
      shape={SHAPE}
      bad={false}
      describedBy={undefined}
      change={(ids) => props.change(ids as string[])}
    />
  );
}
