/** The words of the product: English and Spanish, a file per area and language, fetched when an area is opened. */
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import type admin from "./en/admin";
import type agreements from "./en/agreements";
import type common from "./en/common";
import type deeds from "./en/deeds";
import type everyone from "./en/everyone";
import type messages from "./en/messages";
import type patient from "./en/patient";
import type room from "./en/room";
import type settings from "./en/settings";
import type therapist from "./en/therapist";
import { LANGUAGES, type Language, preferredLanguage, storeLanguage } from "./language";

export { LANGUAGES, type Language, preferredLanguage };

/** The shape of a catalogue: Spanish has every word that English has, and none besides. */
export type Words<Catalogue> = {
  [Key in keyof Catalogue]: Catalogue[Key] extends string ? string : Words<Catalogue[Key]>;
};

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: {
      admin: typeof admin;
      agreements: typeof agreements;
      common: typeof common;
      deeds: typeof deeds;
      everyone: typeof everyone;
      messages: typeof messages;
      patient: typeof patient;
      room: typeof room;
      settings: typeof settings;
      therapist: typeof therapist;
    };
  }
}

const catalogues = import.meta.glob<{ default: Record<string, unknown> }>("./{en,es}/*.ts");

/** Change the language, here and for the next visit on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  storeLanguage(language);
  await i18n.changeLanguage(language);
}

/** Have these words on their way at once, beside whatever else is awaited; they are used where i18next asks for them. */
export function fetchWords(areas: readonly string[]): void {
  const language = preferredLanguage();
  // What goes wrong is met where the words are waited for.
  for (const area of areas) catalogues[`./${language}/${area}.ts`]?.().catch(() => undefined);
}

let started: Promise<void> | undefined;

/** Have the words ready that every page needs; before that no other words can be had. */
export function startWords(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  i18n.on("languageChanged", (language) => {
    document.documentElement.lang = language;
  });
  await i18n
    .use(initReactI18next)
    .use({
      type: "backend",
      read(language: string, area: string, done: (error: unknown, words?: Record<string, unknown>) => void) {
        const load = catalogues[`./${language}/${area}.ts`];
        if (!load) return done(new Error(`no words for ${area} in ${language}`));
        load().then(
          (module) => done(null, module.default),
          (reason: unknown) => done(reason),
        );
      },
    })
    .init({
      lng: preferredLanguage(),
      fallbackLng: false,
      supportedLngs: LANGUAGES,
      ns: ["common"],
      defaultNS: "common",
      interpolation: { escapeValue: false },
    });
}
