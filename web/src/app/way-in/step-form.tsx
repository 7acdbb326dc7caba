import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { Problem } from "../../kit/states.tsx";

/** A step that is answered by typing: fields, what went wrong, one button. `submit` may throw; Enter submits. */
export function StepForm(props: {
  readonly verb: string;
  readonly ready: boolean;
  readonly submit: () => Promise<void>;
  readonly children: ReactNode;
}) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const go = async () => {
    if (!props.ready || busy) return;
    setBusy(true);
    setError(null);
    try {
      await props.submit();
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void go();
      }}
    >
      {props.children}
      <Problem error={error} />
      <Button type="primary" size="large" htmlType="submit" block loading={busy} disabled={!props.ready}>
        {props.verb}
      </Button>
    </form>
  );
}
