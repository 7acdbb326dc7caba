import { useTranslation } from "react-i18next";
import { listMyNodes } from "../../../../src/assets/schema.ts";
import { Tree } from "../../kit/index.ts";

/** The tree of nodes that hold assets one may reach. */
export function AssetTree({ chosen, choose }: { chosen: string | null; choose: (id: string | null) => void }) {
  const { t } = useTranslation();
  return <Tree label={t("work.tree.label")} list={listMyNodes} chosen={chosen} choose={choose} />;
}
