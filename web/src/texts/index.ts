import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import * as access from "./access.ts";
import * as accessRules from "./access-rules.ts";
import * as audit from "./audit.ts";
import * as backends from "./backends.ts";
import * as bulk from "./bulk.ts";
import * as files from "./files.ts";
import * as identity from "./identity.ts";
import * as inventory from "./inventory.ts";
import * as jobs from "./jobs.ts";
import * as kit from "./kit.ts";
import * as kitPage from "./kit-page.ts";
import * as orgs from "./orgs.ts";
import * as own from "./own.ts";
import * as requests from "./requests.ts";
import * as settings from "./settings.ts";
import * as shell from "./shell.ts";
import * as signIn from "./sign-in.ts";
import * as tokens from "./tokens.ts";
import * as terms from "./terms.ts";
import * as why from "./why.ts";
import * as work from "./work.ts";

/** One line for each area of texts: an area is a file here that exports `en` and `zh`. */
const AREAS = {
  access: { en: access.en, zh: access.zh },
  accessRules: { en: accessRules.en, zh: accessRules.zh },
  audit: { en: audit.en, zh: audit.zh },
  backends: { en: backends.en, zh: backends.zh },
  bulk: { en: bulk.en, zh: bulk.zh },
  files: { en: files.en, zh: files.zh },
  identity: { en: identity.en, zh: identity.zh },
  inventory: { en: inventory.en, zh: inventory.zh },
  jobs: { en: jobs.en, zh: jobs.zh },
  kit: { en: kit.en, zh: kit.zh },
  kitPage: { en: kitPage.en, zh: kitPage.zh },
  orgs: { en: orgs.en, zh: orgs.zh },
  own: { en: own.en, zh: own.zh },
  requests: { en: requests.en, zh: requests.zh },
  settings: { en: settings.en, zh: settings.zh },
  shell: { en: shell.en, zh: shell.zh },
  signIn: { en: signIn.en, zh: signIn.zh },
  terms: { en: terms.en, zh: terms.zh },
  tokens: { en: tokens.en, zh: tokens.zh },
  why: { en: why.en, zh: why.zh },
  work: { en: work.en, zh: work.zh },
} as const;

type Areas = typeof AREAS;
type Texts = { readonly [A in keyof Areas]: Areas[A]["en"] };
export type Language = "en" | "zh";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Texts };
    returnNull: false;
  }
}

const pick = (language: Language) =>
  Object.fromEntries(Object.entries(AREAS).map(([area, texts]) => [area, texts[language]]));

const REMEMBERED = "sallyport.language";

/** Starts the texts in the language remembered on this device, else the browser's. */
export async function startTexts(): Promise<void> {
  const remembered = localStorage.getItem(REMEMBERED) ?? navigator.language;
  await i18next.use(initReactI18next).init({
    lng: remembered.startsWith("zh") ? "zh" : "en",
    fallbackLng: "en",
    resources: { en: { translation: pick("en") }, zh: { translation: pick("zh") } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = languageNow();
}

/** The language on the screen. */
export const languageNow = (): Language => (i18next.language === "zh" ? "zh" : "en");

/** Changes the language of everything on the screen, and remembers it on this device. */
export async function speak(language: Language): Promise<void> {
  localStorage.setItem(REMEMBERED, language);
  if (language === languageNow()) return;
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
