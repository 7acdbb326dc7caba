import { Button, Radio } from "antd";
import { type ReactNode, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { z } from "zod";
import type { FileFormat, FilePiece, filePreview, ImportMode } from "../../../../src/platform/files/schema.ts";
import { JobView, Loading, Problem, useTitle } from "../../kit/index.ts";
import "../admin.css";

const PIECE = 256 * 1024;
const MOST_BYTES = 40 * PIECE;

export type Mode = z.output<typeof ImportMode>;
type Preview = z.output<ReturnType<typeof filePreview<z.ZodString>>>;

interface Uploaded {
  readonly fileId: string;
  readonly name: string;
  readonly preview: Preview;
}

/** What the choices of an import are given. */
export interface Chosen {
  readonly uploaded: Uploaded;
  readonly started: (jobId: string) => void;
  readonly back: () => void;
}

interface ImportPageProps {
  readonly title: string;
  readonly home: { readonly to: string; readonly title: string };
  /** What a file may be, and where its columns are told. */
  readonly text: ReactNode;
  readonly sendPiece: (piece: z.input<typeof FilePiece>) => Promise<{ readonly fileId: string }>;
  readonly preview: (fileId: string) => Promise<Preview>;
  readonly saveTemplate: (format: FileFormat) => Promise<void>;
  readonly choices: (chosen: Chosen) => ReactNode;
}

/** A file of rows, from choosing it to the result of each row. */
export function ImportPage(props: ImportPageProps) {
  const { t } = useTranslation();
  const [uploaded, setUploaded] = useState<Uploaded | null>(null);
  const [jobId, setJobId] = useState<string | null>(null);
  const back = () => setUploaded(null);
  useTitle(props.title);
  return (
    <div className="job-page">
      <header>
        <Link to={props.home.to} className="crumb">
          ‹ {props.home.title}
        </Link>
        <h1>{props.title}</h1>
      </header>
      {jobId ? (
        <>
          <p className="muted">{t("files.refused")}</p>
          <JobView id={jobId} own />
          <p>
            <Button onClick={() => (setJobId(null), back())}>{t("files.again")}</Button>
          </p>
        </>
      ) : uploaded ? (
        props.choices({ uploaded, started: setJobId, back })
      ) : (
        <Upload {...props} done={setUploaded} />
      )}
    </div>
  );
}

function Upload(props: ImportPageProps & { done: (uploaded: Uploaded) => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setError(null);
    setBusy(true);
    try {
      if (file.size > MOST_BYTES) throw new Error(t("files.tooLarge"));
      const fileId = await upload(file, props.sendPiece);
      props.done({ fileId, name: file.name, preview: await props.preview(fileId) });
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
      if (input.current) input.current.value = "";
    }
  };
  if (busy) return <Loading lines={4} />;
  return (
    <section className="stack readable">
      <div className="muted">{props.text}</div>
      <Problem error={error} />
      <input
        ref={input}
        type="file"
        hidden
        accept=".csv,.xlsx,text/csv"
        aria-label={t("files.choose")}
        onChange={(event) => void take(event.target.files?.[0])}
      />
      <div className="link-list">
        <Button type="primary" onClick={() => input.current?.click()}>
          {t("files.choose")}
        </Button>
        {(["csv", "xlsx"] as const).map((format) => (
          <Button key={format} onClick={() => void props.saveTemplate(format).catch(setError)}>
            {t("files.template")} ({format.toUpperCase()})
          </Button>
        ))}
      </div>
    </section>
  );
}

async function upload(file: File, sendPiece: ImportPageProps["sendPiece"]): Promise<string> {
  const pieces = Math.max(1, Math.ceil(file.size / PIECE));
  let fileId: string | undefined;
  for (let number = 0; number < pieces; number++) {
    const bytes = new Uint8Array(await file.slice(number * PIECE, (number + 1) * PIECE).arrayBuffer());
    const content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const piece = { name: file.name.slice(0, 128), number, pieces, content, ...(fileId && { fileId }) };
    ({ fileId } = await sendPiece(piece));
  }
  return fileId ?? "";
}

/** How a file is understood, what to do with it, and the button that begins. `children`: choices beside the mode. */
export function ImportChoices(
  props: Chosen & {
    /** How many there are, in words. */
    readonly total: string;
    readonly verb: string;
    readonly modes: Readonly<Record<Mode, string>>;
    readonly mode: Mode;
    readonly setMode: (mode: Mode) => void;
    readonly blocked?: boolean;
    readonly start: () => Promise<{ readonly jobId: string }>;
    readonly children?: ReactNode;
  },
) {
  const { t } = useTranslation();
  const { name, preview } = props.uploaded;
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      props.started((await props.start()).jobId);
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="stack">
      <h2>
        {name}: {props.total}
      </h2>
      {preview.problem && <p className="note note-bad">{preview.problem}</p>}
      <PreviewTable preview={preview} />
      <div className="field">
        <span id={`${id}-mode`}>{t("files.mode")}</span>
        <Radio.Group
          aria-labelledby={`${id}-mode`}
          value={props.mode}
          onChange={(event) => props.setMode(event.target.value as Mode)}
          options={(["create", "update", "both"] as const).map((value) => ({ value, label: props.modes[value] }))}
        />
      </div>
      {props.children}
      <Problem error={error} />
      <div className="link-list">
        <Button
          type="primary"
          loading={busy}
          disabled={preview.problem !== null || props.blocked === true}
          onClick={() => void start()}
        >
          {props.verb}
        </Button>
        <Button onClick={props.back}>{t("kit.cancel")}</Button>
      </div>
    </section>
  );
}

function PreviewTable({ preview }: { preview: Preview }) {
  const { t } = useTranslation();
  return (
    <div className="import-preview" role="region" aria-label={t("files.understood")} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {preview.columns.map(({ title, field }, at) => (
              <th key={`${at} ${title}`} scope="col">
                {title}
                <div className="muted">{field ? `→ ${field}` : t("files.ignored")}</div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, at) => (
            <tr key={`${at} ${row[0]}`}>
              {row.map((cell, column) => (
                <td key={`${column} ${cell}`}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
