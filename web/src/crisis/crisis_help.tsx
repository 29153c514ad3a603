/** Help at once: one tap away on every page. */
import { LifeBuoy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";

export function CrisisHelpButton() {
  const { t } = useTranslation("common");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        look="grave"
        size="small"
        className="min-h-11"
        onClick={() => setOpen(true)}
        aria-haspopup="dialog"
      >
        <LifeBuoy aria-hidden />
        {t("crisis.open")}
      </Button>
      {open && (
        <Dialog title={t("crisis.title")} onClose={() => setOpen(false)}>
          <p>{t("crisis.lead")}</p>
        </Dialog>
      )}
    </>
  );
}
