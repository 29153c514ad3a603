import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { takeNewVersion, useNewVersion } from "./new_version";

/** Says quietly that a newer version waits; it is taken when the person likes, so that nothing is lost under their hands. */
export function NewVersionNotice() {
  const { t } = useTranslation("common");
  if (!useNewVersion()) return null;
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-2 rounded-control bg-leaf-soft px-4 py-2 text-ink"
    >
      {t("newVersion.ready")}
      <Button look="plain" size="small" onClick={takeNewVersion}>
        {t("newVersion.take")}
      </Button>
    </div>
  );
}
