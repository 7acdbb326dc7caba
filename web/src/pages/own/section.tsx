import { type ReactNode, useId } from "react";

/** A part of one's own page: what it is, a sentence, the one action, the content. */
export function Section(props: {
  readonly id: string;
  readonly title: string;
  readonly text?: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  const heading = useId();
  return (
    <section id={props.id} aria-labelledby={heading}>
      <div className="note-head">
        <h2 id={heading}>{props.title}</h2>
        {props.action}
      </div>
      {props.text && <p className="muted">{props.text}</p>}
      {props.children}
    </section>
  );
}
