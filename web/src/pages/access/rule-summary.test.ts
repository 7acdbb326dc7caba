import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";
import { en as english, zh as chinese } from "../../texts/access.ts";
import { type RuleShape, ruleSummary, shapeOfForm } from "./rule-summary.ts";

const RULE: RuleShape = {
  people: ["Mei", "Ann"],
  groups: ["Operations"],
  assets: ["web-1", "web-2", "web-3"],
  nodes: [],
  accounts: { all: false, names: ["root"], excluded: [], manual: false, sameName: false, anonymous: false },
  protocols: { all: true, kinds: [] },
  actions: ["connect", "upload"],
  forwardTo: [],
  active: true,
  startsAt: null,
  expiresAt: null,
  atEnd: null,
};

const speak = async (language: "en" | "zh") => {
  const words = i18next.createInstance();
  await words.init({
    lng: language,
    resources: { [language]: { translation: { access: language === "en" ? english : chinese } } },
    interpolation: { escapeValue: false },
  });
  return { t: words.t, language };
};
let en: Awaited<ReturnType<typeof speak>>;
let zh: Awaited<ReturnType<typeof speak>>;
beforeAll(async () => {
  en = await speak("en");
  zh = await speak("zh");
});

it("says who reaches what, as whom, how and to do what", () => {
  expect(ruleSummary(RULE, en)).toEqual([
    "2 people and 1 group reach 3 assets as root, by any protocol: connect, upload.",
  ]);
  expect(ruleSummary(RULE, zh)).toEqual(["2 人和1 个用户组可以 root 身份，通过任意协议访问 3 个资产：连接、上传。"]);
});

it("names one or two, speaks of one in the singular, and leaves out empty sides", () => {
  const rule: RuleShape = { ...RULE, people: ["Mei"], groups: [], assets: [], nodes: ["Lab"], actions: ["connect"] };
  expect(ruleSummary(rule, en)).toEqual(["Mei reaches the node Lab as root, by any protocol: connect."]);
  expect(ruleSummary({ ...rule, groups: ["Operations"] }, en)[0]).toMatch(
    /^Mei and the group Operations reach the node/,
  );
});

it("counts where a name is not known", () => {
  const rule: RuleShape = { ...RULE, people: [null], groups: [], assets: ["web-1"] };
  expect(ruleSummary(rule, en)[0]).toBe("1 person reaches web-1 as root, by any protocol: connect, upload.");
});

it("names several accounts and protocols as choices, and the accounts that are never allowed", () => {
  const rule: RuleShape = {
    ...RULE,
    accounts: { ...RULE.accounts, names: ["root", "deploy"], excluded: ["postgres"], sameName: true },
    protocols: { all: false, kinds: ["ssh", "rdp"] },
  };
  expect(ruleSummary(rule, en)[0]).toBe(
    "2 people and 1 group reach 3 assets as root, deploy, or the account with their own name but never postgres, by SSH or RDP: connect, upload.",
  );
});

it("tells the time only when it limits, and that the rule is off", () => {
  const rule: RuleShape = {
    ...RULE,
    startsAt: "2020-01-01T00:00:00Z",
    expiresAt: "2099-06-01T12:00:00Z",
    active: false,
  };
  const [, until, off] = ruleSummary(rule, en);
  expect(until).toMatch(/^Until (May 31|Jun [12]), 2099, /);
  expect(off).toBe("The rule is switched off.");
  expect(ruleSummary({ ...RULE, startsAt: "2098-06-01T12:00:00Z", expiresAt: "2099-06-01T12:00:00Z" }, en)[1]).toMatch(
    /^From .*2098.* until .*2099/,
  );
});

it("says where ports may be forwarded to, and what becomes of live sessions at the end", () => {
  const rule: RuleShape = {
    ...RULE,
    actions: ["connect", "forward"],
    forwardTo: ["db.example.com:5432", "10.0.0.0/16:22"],
    expiresAt: "2099-06-01T12:00:00Z",
    atEnd: { what: "warn", minutes: 5 },
  };
  const [, forward, , end] = ruleSummary(rule, en);
  expect(forward).toBe("Ports may be forwarded to db.example.com:5432 or 10.0.0.0/16:22.");
  expect(end).toBe("Then live sessions are warned and closed after 5 minutes.");
  expect(ruleSummary({ ...rule, atEnd: { what: "keep" } }, en)[3]).toBe(
    "Then live sessions go on, but no new one begins.",
  );
  expect(ruleSummary({ ...rule, expiresAt: null }, en)).toHaveLength(2);
  expect(ruleSummary({ ...rule, forwardTo: [] }, en)[0]).toMatch(/Still to choose: where ports may be forwarded to\.$/);
});

it("says what is still missing; accounts that are only excluded grant nothing", () => {
  const rule: RuleShape = {
    ...RULE,
    people: [],
    groups: [],
    accounts: { ...RULE.accounts, names: [], excluded: ["root"] },
    actions: [],
  };
  expect(ruleSummary(rule, en)).toEqual(["It grants nothing yet. Still to choose: who, accounts, and actions."]);
});

it("reads what stands in the form, also before anything is typed", () => {
  const values = {
    userIds: ["a", "b"],
    assetIds: undefined,
    accounts: RULE.accounts,
    protocols: RULE.protocols,
    expiresAt: "",
    active: true,
  };
  const { people, assets, expiresAt, active } = shapeOfForm(values, (id) => (id === "a" ? "Mei" : null));
  expect({ people, assets, expiresAt, active }).toEqual({
    people: ["Mei", null],
    assets: [],
    expiresAt: null,
    active: true,
  });
});
