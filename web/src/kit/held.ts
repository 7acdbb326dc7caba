import { useRef } from "react";

/** Like useMemo for a list of inputs whose length may change: makes the value anew only when one of them is another. */
export function useHeld<T>(inputs: readonly unknown[], make: () => T): T {
  const held = useRef<{ readonly inputs: readonly unknown[]; readonly value: T } | null>(null);
  const before = held.current;
  if (
    before &&
    before.inputs.length === inputs.length &&
    inputs.every((input, at) => Object.is(input, before.inputs[at]))
  )
    return before.value;
  held.current = { inputs, value: make() };
  return held.current.value;
}
