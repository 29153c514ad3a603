/** Every page of the client: its address, whose it is, and where its code is. The tests walk this list. */
import type { ComponentType } from "react";
import type { Allowed } from "@/session/guard";
import type { Role } from "@/session/session";

type Area =
  | "everyone"
  | "settings"
  | "agreements"
  | "deeds"
  | "patient"
  | "messages"
  | "therapist"
  | "admin"
  | "room";

export interface PageEntry {
  path: string;
  allow: Allowed;
  /** The catalogues whose words it needs, beside `common`. */
  words: Area | readonly Area[];
  /** Fetches the page's code when it is opened. */
  load: () => Promise<PageModule>;
}

export interface PageModule {
  default: ComponentType;
  /** Asks the server what the page shows first, so that it need not be shown without; for who is signed in. */
  ask?: () => Promise<unknown>;
}

const PATIENT = ["PATIENT"] as const;
const THERAPIST = ["THERAPIST"] as const;
const CARE = ["PATIENT", "THERAPIST"] as const;
const ADMINISTRATOR = ["ADMINISTRATOR"] as const;

export const PAGES: readonly PageEntry[] = [
  { path: "/", allow: "anyone", words: "everyone", load: () => import("@/pages/everyone/welcome") },
  {
    path: "/sign-in",
    allow: "signed-out",
    words: "everyone",
    load: () => import("@/pages/everyone/sign_in"),
  },
  {
    path: "/sign-in/two-factor",
    allow: "signed-out",
    words: "everyone",
    load: () => import("@/pages/everyone/second_factor"),
  },
  {
    path: "/sign-up",
    allow: "signed-out",
    words: "everyone",
    load: () => import("@/pages/everyone/sign_up"),
  },
  {
    path: "/verify-email",
    allow: "anyone",
    words: "everyone",
    load: () => import("@/pages/everyone/verify_email"),
  },
  {
    path: "/forgot-password",
    allow: "anyone",
    words: "everyone",
    load: () => import("@/pages/everyone/forgot_password"),
  },
  {
    path: "/reset-password",
    allow: "anyone",
    words: "everyone",
    load: () => import("@/pages/everyone/reset_password"),
  },
  {
    path: "/settings",
    allow: "signed-in",
    words: "settings",
    load: () => import("@/pages/everyone/settings"),
  },
  {
    path: "/settings/profile",
    allow: "signed-in",
    words: "settings",
    load: () => import("@/pages/everyone/profile"),
  },
  {
    path: "/settings/security",
    allow: "signed-in",
    words: ["settings", "everyone"],
    load: () => import("@/pages/everyone/security"),
  },
  {
    path: "/settings/notifications",
    allow: "signed-in",
    words: "settings",
    load: () => import("@/pages/everyone/notifications"),
  },
  {
    path: "/settings/privacy",
    allow: "signed-in",
    words: ["settings", "agreements", "deeds"],
    load: () => import("@/pages/everyone/privacy"),
  },
  {
    path: "/settings/credentials",
    allow: THERAPIST,
    words: "therapist",
    load: () => import("@/pages/therapist/credentials"),
  },
  {
    path: "/getting-started",
    allow: "signed-in",
    words: ["settings", "agreements", "everyone"],
    load: () => import("@/pages/everyone/getting_started"),
  },
  {
    path: "/dashboard",
    allow: "signed-in",
    words: "everyone",
    load: () => import("@/pages/everyone/dashboard"),
  },
  { path: "/therapists", allow: PATIENT, words: "patient", load: () => import("@/pages/patient/therapists") },
  {
    path: "/therapists/:id/book",
    allow: CARE,
    words: "patient",
    load: () => import("@/pages/patient/book"),
  },
  {
    path: "/appointments",
    allow: CARE,
    words: "patient",
    load: () => import("@/pages/patient/appointments"),
  },
  {
    path: "/appointments/:id",
    allow: CARE,
    words: "patient",
    load: () => import("@/pages/patient/appointment"),
  },
  { path: "/messages", allow: CARE, words: "messages", load: () => import("@/pages/messages/conversations") },
  {
    path: "/messages/:id",
    allow: CARE,
    words: "messages",
    load: () => import("@/pages/messages/conversation"),
  },
  {
    path: "/patients",
    allow: THERAPIST,
    words: "therapist",
    load: () => import("@/pages/therapist/patients"),
  },
  {
    path: "/availability",
    allow: THERAPIST,
    words: "therapist",
    load: () => import("@/pages/therapist/availability"),
  },
  { path: "/alerts", allow: THERAPIST, words: "messages", load: () => import("@/pages/messages/alerts") },
  { path: "/review", allow: THERAPIST, words: "messages", load: () => import("@/pages/messages/review") },
  { path: "/admin", allow: ADMINISTRATOR, words: "admin", load: () => import("@/pages/admin/dashboard") },
  { path: "/admin/users", allow: ADMINISTRATOR, words: "admin", load: () => import("@/pages/admin/users") },
  {
    path: "/admin/licences",
    allow: ADMINISTRATOR,
    words: "admin",
    load: () => import("@/pages/admin/licences"),
  },
  { path: "/admin/audit", allow: ADMINISTRATOR, words: "admin", load: () => import("@/pages/admin/audit") },
  { path: "/admin/models", allow: ADMINISTRATOR, words: "admin", load: () => import("@/pages/admin/models") },
  { path: "/admin/alerts", allow: ADMINISTRATOR, words: "admin", load: () => import("@/pages/admin/alerts") },
  {
    path: "/admin/break-glass",
    allow: ADMINISTRATOR,
    words: "admin",
    load: () => import("@/pages/admin/break_glass"),
  },
  {
    path: "/admin/metrics",
    allow: ADMINISTRATOR,
    words: "admin",
    load: () => import("@/pages/admin/metrics"),
  },
];

/** The pages behind `/dashboard`: each role has its own, and its code is fetched for that role alone. */
export const HOMES: readonly (PageEntry & { allow: readonly Role[] })[] = [
  {
    path: "/dashboard",
    allow: PATIENT,
    words: ["patient", "room", "messages"],
    load: () => import("@/pages/patient/home"),
  },
  {
    path: "/dashboard",
    allow: THERAPIST,
    words: ["therapist", "room", "patient", "messages"],
    load: () => import("@/pages/therapist/home"),
  },
];
