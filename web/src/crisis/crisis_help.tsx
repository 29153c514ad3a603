/** Help at once: one tap away on every page, whoever is signed in and whatever is away. */
import { LifeBuoy } from "lucide-react";
import { type ComponentType, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Modal } from "@/ui/modal";
import { Waiting } from "@/ui/states";

/** Two numbers that are good in most places, where even the page's own lines could not be fetched. */
const EMERGENCY = "112 / 911";

export function CrisisHelpButton() {
  const { t } = useTranslation("common");
  const [open, setOpen] = useState(false);
  const lines = useLines(open);
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
        <Modal title={t("crisis.title")} onClose={() => setOpen(false)}>
          {lines === "missing" ? (
            <p className="font-bold">{t("crisis.emergency", { number: EMERGENCY })}</p>
          ) : lines ? (
            <lines.Content />
          ) : (
            <Waiting />
          )}
        </Modal>
      )}
    </>
  );
}

type Lines = { Content: ComponentType } | "missing" | null;

/** The dialog's content: fetched once the page is at rest, so that it is there without a connection later on. */
function useLines(wanted: boolean): Lines {
  const [lines, setLines] = useState<Lines>(null);
  useEffect(() => {
    const fetchLines = () =>
      import("./crisis_dialog").then(
        ({ default: Content }) => setLines({ Content }),
        () => setLines((known) => known ?? "missing"),
      );
    if (wanted) {
      void fetchLines();
      return;
    }
    const later = setTimeout(() => void fetchLines(), AT_REST_MS);
    return () => clearTimeout(later);
  }, [wanted]);
  return lines;
}

const AT_REST_MS = 3_000;
