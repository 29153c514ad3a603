/** Whether this browser may tell its therapist that something waits while the page is in the background. */
import { Bell } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";

export function BrowserNotices() {
  const { t } = useTranslation("messages");
  const [allowed, setAllowed] = useState(() => ("Notification" in window ? Notification.permission : null));
  if (allowed === null) return null;
  return (
    <Card>
      <div className="grid justify-items-start gap-2">
        {allowed === "default" ? (
          <Button look="plain" onClick={() => void Notification.requestPermission().then(setAllowed)}>
            <Bell aria-hidden />
            {t("alerts.browser")}
          </Button>
        ) : (
          <p>{t(allowed === "granted" ? "alerts.browserOn" : "alerts.browserOff")}</p>
        )}
        {allowed !== "denied" && <p className="text-sm text-ink-soft">{t("alerts.browserHint")}</p>}
      </div>
    </Card>
  );
}
