import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { readRequestOptions } from "../../../../src/assets/schema.ts";
import { useEndpoint } from "../../query.ts";
import { useCreateKey } from "../create-key.ts";
import { RequestForm } from "./request-form.tsx";
import { TicketList } from "./ticket-list.tsx";

/** What the person asked for, and the ways to ask. */
export function Page() {
  const { t } = useTranslation();
  const options = useEndpoint(readRequestOptions, {}).data;
  const [form, setForm] = useState<"ask" | "glass" | null>(null);
  const mayAsk = options?.mayAsk ?? false;
  useCreateKey(mayAsk, t("requests.create"), () => setForm("ask"));
  const notice =
    options && options.owed > 0 ? (
      <p className={options.overdue ? "note note-bad" : "note note-warn"}>
        {options.overdue
          ? t("requests.overdueText", { count: options.owed })
          : t("requests.owedText", { count: options.owed })}
      </p>
    ) : null;
  return (
    <>
      <TicketList
        of="asker"
        title={t("requests.mine")}
        home="/requests"
        notice={notice}
        actions={
          <>
            {options?.mayBreakGlass && (
              <Button danger disabled={options.overdue} onClick={() => setForm("glass")}>
                {t("requests.breakGlass")}
              </Button>
            )}
            {mayAsk && (
              <Button type="primary" onClick={() => setForm("ask")}>
                {t("requests.create")}
              </Button>
            )}
          </>
        }
        empty={{ title: t("requests.noneOwn"), text: mayAsk ? t("requests.noneOwnText") : t("requests.mayNotAsk") }}
      />
      {form && options && (
        <RequestForm
          key={form}
          glass={form === "glass"}
          namesAreShown={options.namesAreShown}
          longestMinutes={form === "glass" ? options.breakGlassMinutes : options.longestMinutes}
          close={() => setForm(null)}
        />
      )}
    </>
  );
}
