import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useBlocker } from "react-router";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";

/** Asks before changes are lost: within the product by a dialog, out of it by the browser's own words. */
export function LeavingGuard({ changed }: { changed: boolean }) {
  const { t } = useTranslation("therapist");
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => changed && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [changed]);
  if (blocker.state !== "blocked") return null;
  return (
    <Dialog title={t("availability.leaveTitle")} onClose={blocker.reset}>
      <p className="mb-5">{t("availability.leaveLead")}</p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button look="quiet" onClick={blocker.proceed}>
          {t("availability.leave")}
        </Button>
        <Button onClick={blocker.reset}>{t("availability.stay")}</Button>
      </div>
    </Dialog>
  );
}
