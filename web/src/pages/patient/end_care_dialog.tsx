/** Ending care: what ends with it is told before. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type Care, careChanged } from "./queries";

export function EndCareDialog({ care, onClose }: { care: Care; onClose: () => void }) {
  const { t } = useTranslation("patient");
  const { t: common } = useTranslation("common");
  const tell = useToast();
  const { name } = care.therapist;
  const end = useMutation({
    mutationFn: () =>
      call(
        api.PATCH("/api/care-relationships/{id}", {
          params: { path: { id: care.id } },
          body: { status: "ended" },
        }),
      ),
    onSuccess: () => {
      tell(t("endCare.done", { name }));
      onClose();
    },
    onSettled: careChanged,
  });
  return (
    <Dialog title={t("endCare.title", { name })} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("endCare.lead")}</p>
        <ul className="grid list-disc gap-1 pl-5">
          <li>{t("endCare.appointments")}</li>
          <li>{t("endCare.messages")}</li>
          <li>{t("endCare.again")}</li>
        </ul>
        {end.error && <Message tone="problem">{problemWords(end.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button look="grave" busy={end.isPending} onClick={() => end.mutate()}>
            {t("endCare.go")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
