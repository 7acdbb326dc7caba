import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { previewGrant } from "../../../../src/assets/schema.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";

const CALM_MS = 300;
const SIDES = ["userIds", "groupIds", "assetIds", "nodeIds"] as const;

/** How many people the two sides of a rule would let reach how many assets; once nobody types for a moment. */
export function RuleReach({ values }: { values: Readonly<Record<string, unknown>> }) {
  const { t } = useTranslation();
  const may = useMay("grant.preview");
  const typed = JSON.stringify(SIDES.map((side) => values[side] ?? []));
  const [calm, setCalm] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(typed), CALM_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const ids = JSON.parse(calm) as string[][];
  const isWhole = Boolean((ids[0]?.length || ids[1]?.length) && (ids[2]?.length || ids[3]?.length));
  const input = Object.fromEntries(SIDES.map((side, place) => [side, ids[place] ?? []]));
  const counted = useEndpoint(previewGrant, input, { enabled: may && isWhole });
  if (!isWhole || !counted.data) return null;
  const { people, assets } = counted.data;
  return (
    <strong className="rule-reach">
      {t("access.summary.reach", {
        people: t("access.summary.people", { count: people }),
        assets: t("access.summary.assets", { count: assets }),
      })}
    </strong>
  );
}
