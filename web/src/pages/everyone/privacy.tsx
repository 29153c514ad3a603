/** What somebody agreed to, what others see, who looked, and what becomes of the data. */
import { useTranslation } from "react-i18next";
import { useSession } from "@/session/session";
import { Card } from "@/ui/card";
import { Waiting } from "@/ui/states";
import { Switch } from "@/ui/switch";
import { usePreferences } from "./preferences";
import { AccessLogCard } from "./privacy/access_log_card";
import { ConsentsCard } from "./privacy/consents_card";
import { ErasureCard } from "./privacy/erasure_card";
import { ExportCard } from "./privacy/export_card";
import { SettingsPage } from "./settings_page";

export default function PrivacyPage() {
  const { t } = useTranslation("settings");
  const { data: session } = useSession();
  if (!session) return <Waiting />;
  const { role } = session.user;
  return (
    <SettingsPage title={t("privacy.title")}>
      <ConsentsCard />
      {role !== "ADMINISTRATOR" && <ShownToOthers />}
      <AccessLogCard title={t(role === "PATIENT" ? "privacy.log" : "privacy.logMine")} />
      <ExportCard />
      <ErasureCard role={role} />
    </SettingsPage>
  );
}

function ShownToOthers() {
  const { t } = useTranslation("settings");
  const { settings, change, failure } = usePreferences();
  const shown = settings.data?.privacy;
  return (
    <Card title={t("privacy.shown")}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("privacy.shownText")}</p>
        {failure}
        {!shown && <Waiting />}
        {shown &&
          (["presenceVisible", "typingVisible", "readReceiptsVisible"] as const).map((name) => (
            <Switch
              key={name}
              label={t(`privacy.${name}`)}
              checked={shown[name] ?? false}
              onChange={(event) => change({ privacy: { [name]: event.target.checked } })}
            />
          ))}
      </div>
    </Card>
  );
}
