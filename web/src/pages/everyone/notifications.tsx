/** Which mails somebody gets. */
import { useTranslation } from "react-i18next";
import { Card } from "@/ui/card";
import { PageProblem, Waiting } from "@/ui/states";
import { Switch } from "@/ui/switch";
import { usePreferences } from "./preferences";
import { SettingsPage } from "./settings_page";

export default function NotificationsPage() {
  const { t } = useTranslation("settings");
  const { settings, change, failure } = usePreferences();
  const { data } = settings;
  if (settings.error && !data) return <PageProblem error={settings.error} retry={settings.refetch} />;
  return (
    <SettingsPage title={t("notifications.title")} lead={t("notifications.lead")}>
      {failure}
      {!data && <Waiting />}
      {data && (
        <>
          <Card title={t("notifications.appointments")}>
            <div className="grid gap-4">
              {(["emailDayBefore", "emailHourBefore"] as const).map((name) => (
                <Switch
                  key={name}
                  label={t(`notifications.${name}`)}
                  checked={data.notifications[name] ?? false}
                  onChange={(event) => change({ notifications: { [name]: event.target.checked } })}
                />
              ))}
            </div>
          </Card>
          <Card title={t("notifications.messages")}>
            <Switch
              label={t("notifications.emailNewMessages")}
              hint={t("notifications.emailNewMessagesHint")}
              checked={data.notifications.emailNewMessages ?? false}
              onChange={(event) => change({ notifications: { emailNewMessages: event.target.checked } })}
            />
          </Card>
          {data.alerts && (
            <Card title={t("notifications.alerts")}>
              <Switch
                label={t("notifications.emailRiskAlerts")}
                hint={t("notifications.emailRiskAlertsHint")}
                checked={data.alerts.emailRiskAlerts ?? false}
                onChange={(event) => change({ alerts: { emailRiskAlerts: event.target.checked } })}
              />
            </Card>
          )}
        </>
      )}
    </SettingsPage>
  );
}
