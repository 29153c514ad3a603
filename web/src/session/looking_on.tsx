/** Says in whose account an administrator looks on, until when, and ends it. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { endLooking } from "./looking";
import type { Session } from "./session";

export { beginLooking } from "./looking";

export function LookingOn({ session }: { session: Session }) {
  const { t } = useTranslation("common");
  const end = useMutation({ mutationFn: endLooking });
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-3 rounded-control bg-sun-soft px-4 py-3 text-ink"
    >
      <p>{t("looking.on", { name: session.user.name, time: inWords(session.absoluteExpiresAt, "time") })}</p>
      <Button look="plain" size="small" busy={end.isPending} onClick={() => end.mutate()}>
        {t("looking.end")}
      </Button>
    </div>
  );
}
