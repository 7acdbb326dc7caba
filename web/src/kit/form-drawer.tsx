import { Button, Drawer, Modal } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { FormBody, type FieldGroup } from "./form-body.tsx";
import { type FormOptions, useForm } from "./form.ts";
import { useNarrow, useTitle } from "./settings.ts";

export interface FormFrame<E extends Endpoint> extends FormOptions<E> {
  readonly title: string;
  readonly groups: readonly FieldGroup[];
  /** The verb on the button: "Create user". */
  readonly verb?: string;
  /** Says what will happen on save: "14 people will reach 212 assets". */
  readonly consequence?: (values: Readonly<Record<string, unknown>>) => ReactNode;
}

/** A form beside the page. Mount it when it opens; closing keeps what was typed until the page is reloaded. */
export function FormDrawer<E extends Endpoint>(props: FormFrame<E> & { close: () => void }) {
  const { title, groups, verb, consequence, close, endpoint } = props;
  const { t } = useTranslation();
  const form = useForm({
    ...props,
    done: (output) => {
      props.done(output);
      close();
    },
  });
  const narrow = useNarrow();
  const [leaving, setLeaving] = useState(false);
  const body = useFirstProblem(form.problems);
  const said = consequence?.(form.values);
  return (
    <Drawer
      open
      title={title}
      size={narrow ? "100%" : 520}
      onClose={() => (form.dirty ? setLeaving(true) : close())}
      footer={
        <div className="form-foot">
          <span className="muted">{said}</span>
          <Button onClick={() => (form.dirty ? setLeaving(true) : close())}>{t("kit.cancel")}</Button>
          <Button type="primary" loading={form.busy} onClick={() => void form.submit()}>
            {verb ?? t("kit.save")}
          </Button>
        </div>
      }
    >
      <form
        ref={body}
        onSubmit={(event) => {
          event.preventDefault();
          void form.submit();
        }}
      >
        <FormBody endpoint={endpoint} form={form} groups={groups} />
        <button type="submit" hidden aria-hidden="true" />
      </form>
      <Modal
        open={leaving}
        title={t("kit.form.leaveTitle")}
        okText={t("kit.form.leave")}
        cancelText={t("kit.form.stay")}
        onOk={close}
        onCancel={() => setLeaving(false)}
        width={400}
      >
        {t("kit.form.leaveText")}
      </Modal>
    </Drawer>
  );
}

/** A form as a page of its own, or as a part of one when `inside`. */
export function FormPage<E extends Endpoint>(props: FormFrame<E> & { inside?: boolean }) {
  const { title, groups, verb, consequence, endpoint, inside } = props;
  const { t } = useTranslation();
  const form = useForm({ ...props, done: (output) => (form.reset(), props.done(output)) });
  const body = useFirstProblem(form.problems);
  useTitle(inside ? "" : title);
  return (
    <form
      ref={body}
      className={inside ? "form-page inside" : "form-page"}
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit();
      }}
    >
      {inside ? <h2>{title}</h2> : <h1>{title}</h1>}
      <FormBody endpoint={endpoint} form={form} groups={groups} />
      <div className="form-foot">
        <span className="muted">{consequence?.(form.values)}</span>
        <Button type="primary" htmlType="submit" loading={form.busy}>
          {verb ?? t("kit.save")}
        </Button>
      </div>
    </form>
  );
}

/** Moves the focus to the first field with a problem after a submit that found some. */
function useFirstProblem(problems: Readonly<Record<string, string>>) {
  const body = useRef<HTMLFormElement>(null);
  const before = useRef(0);
  const count = Object.keys(problems).length;
  useEffect(() => {
    if (count > 1 && before.current === 0) body.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus();
    before.current = count;
  }, [count]);
  return body;
}
