/** All settings, and those of this device. */
import { Award, Bell, ChevronRight, KeyRound, Lock, type LucideIcon, UserRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { LanguageChoice, ThemeChoice } from "@/app/choices";
import { useSession } from "@/session/session";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";

const PAGES: [
  name: "profile" | "security" | "notifications" | "privacy" | "credentials",
  icon: LucideIcon,
][] = [
  ["profile", UserRound],
  ["security", KeyRound],
  ["notifications", Bell],
  ["privacy", Lock],
  ["credentials", Award],
];

export default function SettingsOverview() {
  const { t } = useTranslation("settings");
  const { data: session } = useSession();
  const mine = PAGES.filter(([name]) => name !== "credentials" || session?.user.role === "THERAPIST");
  return (
    <div className="mx-auto grid w-full max-w-2xl gap-6">
      <Page
        title={t("overview.title")}
        lead={
          session && (
            <span className="break-all">{t("overview.signedInAs", { email: session.user.email })}</span>
          )
        }
      >
        <nav aria-label={t("overview.title")}>
          <ul className="divide-y divide-line overflow-hidden rounded-card border border-line bg-surface shadow-card">
            {mine.map(([name, Icon]) => (
              <li key={name}>
                <Link
                  to={`/settings/${name}`}
                  className="flex items-center gap-4 p-4 -outline-offset-3 hover:bg-raised sm:px-6"
                >
                  <span className="grid size-10 shrink-0 place-items-center rounded-full bg-leaf-soft">
                    <Icon className="size-5 text-leaf" aria-hidden />
                  </span>
                  <span className="grid min-w-0 flex-1">
                    <span className="font-semibold">{t(`overview.pages.${name}.title`)}</span>
                    <span className="text-sm text-ink-soft">{t(`overview.pages.${name}.text`)}</span>
                  </span>
                  <ChevronRight className="size-5 shrink-0 text-ink-soft" aria-hidden />
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Card title={t("overview.display")}>
          <div className="grid gap-4 sm:grid-cols-2">
            <LanguageChoice />
            <ThemeChoice />
          </div>
          <p className="mt-4 text-sm text-ink-soft">{t("overview.displayHint")}</p>
        </Card>
      </Page>
    </div>
  );
}
