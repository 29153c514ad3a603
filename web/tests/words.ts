/** The product's English words, so that a test presses what a person reads. */
import admin from "../src/i18n/en/admin";
import common from "../src/i18n/en/common";
import everyone from "../src/i18n/en/everyone";
import messages from "../src/i18n/en/messages";
import patient from "../src/i18n/en/patient";
import room from "../src/i18n/en/room";
import settings from "../src/i18n/en/settings";
import therapist from "../src/i18n/en/therapist";

export const words = { admin, common, everyone, messages, patient, room, settings, therapist };

/** A sentence of the catalogue with its blanks filled in. */
export function filled(sentence: string, blanks: Record<string, string>): string {
  return sentence.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => blanks[name] ?? "");
}

/** What a sentence says whatever stands in its blanks. */
export function any(sentence: string): RegExp {
  const parts = sentence.split(/\{\{\w+\}\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join(".*"));
}
