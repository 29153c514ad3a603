import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { dayOf } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message } from "@/ui/states";
import { useStep } from "../security/use_step";

/** Everything held about somebody, as a file for themselves. */
export function ExportCard() {
  const { t } = useTranslation("settings");
  const step = useStep(["export"]);
  const save = () =>
    step.run(
      "export",
      async () => {
        // As text, untouched: what is saved is what the server said.
        const all = await call(api.GET("/api/user/export", { parseAs: "blob" }));
        offer(all as unknown as Blob, `bloom-health-${dayOf(new Date())}.json`);
      },
      t("privacy.exported"),
    );
  return (
    <Card title={t("privacy.export")}>
      <div className="grid justify-items-start gap-4">
        <p className="text-ink-soft">{t("privacy.exportText")}</p>
        {step.failure && <Message tone="problem">{step.failure}</Message>}
        <Button look="plain" busy={step.busy !== null} onClick={() => void save()}>
          <Download aria-hidden />
          {t("privacy.exportAction")}
        </Button>
      </div>
    </Card>
  );
}

function offer(file: Blob, name: string) {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
