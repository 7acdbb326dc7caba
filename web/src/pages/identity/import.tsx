import { Button, Checkbox, Radio } from "antd";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { importTemplate, importUsers, previewImport, uploadImport } from "../../../../src/iam/schema.ts";
import { call, type Output } from "../../api.ts";
import { JobView, Loading, Problem, useTitle } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { saveFile } from "./save-file.ts";
import "../admin.css";

const PIECE = 256 * 1024;
const MOST_BYTES = 40 * PIECE;

interface Uploaded {
  readonly fileId: string;
  readonly name: string;
  readonly preview: Output<typeof previewImport>;
}

/** A file of users, from choosing it to the result of each row. */
export function Page() {
  const { t } = useTranslation();
  const [uploaded, setUploaded] = useState<Uploaded | null>(null);
  const [jobId, setJobId] = useState<string | null>(null);
  useTitle(t("orgs.transfer.title"));
  return (
    <div className="job-page">
      <header>
        <Link to="/console/users" className="crumb">
          ‹ {t("identity.users.title")}
        </Link>
        <h1>{t("orgs.transfer.title")}</h1>
      </header>
      {jobId ? (
        <>
          <p className="muted">{t("orgs.transfer.rows")}</p>
          <JobView id={jobId} own />
          <p>
            <Button onClick={() => (setJobId(null), setUploaded(null))}>{t("orgs.transfer.again")}</Button>
          </p>
        </>
      ) : uploaded ? (
        <Choices uploaded={uploaded} started={setJobId} back={() => setUploaded(null)} />
      ) : (
        <Upload done={setUploaded} />
      )}
    </div>
  );
}

function Upload({ done }: { done: (uploaded: Uploaded) => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setError(null);
    setBusy(file.name);
    try {
      if (file.size > MOST_BYTES) throw new Error(t("orgs.transfer.tooLarge"));
      const fileId = await upload(file);
      done({ fileId, name: file.name, preview: await call(previewImport, { fileId }) });
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(null);
      if (input.current) input.current.value = "";
    }
  };
  if (busy) return <Loading lines={4} />;
  return (
    <section className="stack readable">
      <p className="muted">{t("orgs.transfer.fileText")}</p>
      <Problem error={error} />
      <input
        ref={input}
        type="file"
        hidden
        accept=".csv,.xlsx,text/csv"
        aria-label={t("orgs.transfer.choose")}
        onChange={(event) => void take(event.target.files?.[0])}
      />
      <div className="link-list">
        <Button type="primary" onClick={() => input.current?.click()}>
          {t("orgs.transfer.choose")}
        </Button>
        {(["csv", "xlsx"] as const).map((format) => (
          <Button key={format} onClick={() => void saveFile(importTemplate, { format }).catch(setError)}>
            {t("orgs.transfer.template")} ({format.toUpperCase()})
          </Button>
        ))}
      </div>
    </section>
  );
}

async function upload(file: File): Promise<string> {
  const pieces = Math.max(1, Math.ceil(file.size / PIECE));
  let fileId: string | undefined;
  for (let number = 0; number < pieces; number++) {
    const bytes = new Uint8Array(await file.slice(number * PIECE, (number + 1) * PIECE).arrayBuffer());
    const content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const piece = { name: file.name.slice(0, 128), number, pieces, content, ...(fileId && { fileId }) };
    ({ fileId } = await call(uploadImport, piece));
  }
  return fileId ?? "";
}

function Choices(props: { uploaded: Uploaded; started: (jobId: string) => void; back: () => void }) {
  const { t } = useTranslation();
  const { fileId, name, preview } = props.uploaded;
  const hasPasswords = preview.columns.some(({ field }) => field === "password");
  const mayInvite = useMay("user.invite");
  const [mode, setMode] = useState<"create" | "update" | "both">("create");
  const [invite, setInvite] = useState(false);
  const [passwords, setPasswords] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const id = useId();
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      props.started((await call(importUsers, { fileId, mode, invite, passwords })).jobId);
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="stack">
      <h2>
        {name}: {t("orgs.transfer.total", { count: preview.total })}
      </h2>
      {preview.problem && <p className="note note-bad">{preview.problem}</p>}
      <div className="import-preview" role="region" aria-label={t("orgs.transfer.understood")} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {preview.columns.map(({ title, field }, at) => (
                <th key={`${at} ${title}`} scope="col">
                  {title}
                  <div className="muted">{field ? `→ ${field}` : t("orgs.transfer.ignored")}</div>
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
      <div className="field">
        <span id={`${id}-mode`}>{t("orgs.transfer.mode")}</span>
        <Radio.Group
          aria-labelledby={`${id}-mode`}
          value={mode}
          onChange={(event) => setMode(event.target.value as typeof mode)}
          options={(["create", "update", "both"] as const).map((value) => ({
            value,
            label: t(`orgs.transfer.modes.${value}`),
          }))}
        />
      </div>
      {mayInvite && mode !== "update" && (
        <Checkbox checked={invite} onChange={(event) => setInvite(event.target.checked)}>
          {t("orgs.transfer.invite")}
        </Checkbox>
      )}
      {hasPasswords && (
        <div>
          <Checkbox checked={passwords} onChange={(event) => setPasswords(event.target.checked)}>
            {t("orgs.transfer.passwords")}
          </Checkbox>
          <div className="field-help">{t("orgs.transfer.passwordsText")}</div>
        </div>
      )}
      <Problem error={error} />
      <div className="link-list">
        <Button
          type="primary"
          loading={busy}
          disabled={preview.problem !== null || (hasPasswords && !passwords)}
          onClick={() => void start()}
        >
          {t("orgs.transfer.start", { count: preview.total })}
        </Button>
        <Button onClick={props.back}>{t("kit.cancel")}</Button>
      </div>
    </section>
  );
}
