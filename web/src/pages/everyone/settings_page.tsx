import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Page } from "@/ui/page";

/** One of the settings' pages, with the way back to all of them. */
export function SettingsPage({
  title,
  lead,
  children,
}: {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation("settings");
  return (
    <div className="mx-auto grid w-full max-w-2xl gap-2">
      <p>
        <Link
          to="/settings"
          className="inline-flex min-h-11 items-center gap-2 font-semibold text-ink-soft hover:text-ink"
        >
          <ArrowLeft className="size-4" aria-hidden />
          {t("back")}
        </Link>
      </p>
      <Page title={title} lead={lead}>
        {children}
      </Page>
    </div>
  );
}
