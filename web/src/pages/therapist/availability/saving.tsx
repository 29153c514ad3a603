/** What is not saved yet, at the lower edge of the page; and what to do where another window was quicker. */
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type Draft, isOvertaken } from "./draft";

export function Saving({ draft }: { draft: Draft }) {
  const { t } = useTranslation("therapist");
  const tell = useToast();
  const said = (saved: boolean) => saved && tell(t("availability.savedWords"));
  const overtaken = isOvertaken(draft.failure);
  if (!draft.changed) return null;
  return (
    <section
      aria-label={t("availability.unsaved")}
      className="sticky bottom-20 z-20 grid gap-3 rounded-card border border-line-strong bg-surface p-4 shadow-card lg:bottom-4"
    >
      {draft.failure !== null && !overtaken && (
        <Message tone="problem">{problemWords(draft.failure)}</Message>
      )}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status">{t("availability.unsaved")}</p>
        <div className="flex flex-wrap gap-2">
          <Button look="quiet" onClick={draft.discard}>
            {t("availability.discard")}
          </Button>
          <Button busy={draft.saving} onClick={() => void draft.save().then(said)}>
            {t("availability.saveAll")}
          </Button>
        </div>
      </div>
      {overtaken && (
        <Dialog title={t("availability.overtakenTitle")} onClose={() => void draft.takeTheirs()}>
          <p className="mb-5">{t("availability.overtakenLead")}</p>
          <div className="flex flex-wrap justify-end gap-2">
            <Button look="plain" onClick={() => void draft.takeTheirs()}>
              {t("availability.takeTheirs")}
            </Button>
            <Button look="plain" busy={draft.saving} onClick={() => void draft.keepMine().then(said)}>
              {t("availability.keepMine")}
            </Button>
          </div>
        </Dialog>
      )}
    </section>
  );
}
