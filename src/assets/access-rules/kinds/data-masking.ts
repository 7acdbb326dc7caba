import { DataMaskingSettings } from "../schema/settings.ts";
import { accessRuleKind } from "./kind.ts";

/** Columns of databases that are shown masked; for the sessions that show databases. */
export const dataMasking = accessRuleKind({
  kind: "data-masking",
  title: "Masking of data",
  actions: ["mask", "accept"],
  settings: DataMaskingSettings,
});
