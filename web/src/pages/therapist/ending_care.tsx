import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Tick } from "@/ui/field";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type Care, useCareStep } from "./care_steps";

/** Says what the end of care means, and asks whether the patient knows. */
export function EndingCare({ care, onClose }: { care: Care; onClose: () => void }) {
  const { t } = useTranslation("therapist");
  const { t: common } = useTranslation("common");
  const [told, setTold] = useState(false);
  const [tried, setTried] = useState(false);
  const step = useCareStep(care);
  const tell = useToast();
  const { name } = care.patient;
  const end = () => {
    setTried(true);
    if (!told) return;
    step.mutate(
      { status: "ended" },
      {
        onSuccess: () => {
          tell(t("patients.ended", { name }));
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title={t("patients.endTitle", { name })} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("patients.endLead", { name })}</p>
        <ul className="grid list-disc gap-2 pl-5">
          {(["appointments", "conversation", "again"] as const).map((effect) => (
            <li key={effect}>{t(`patients.endEffects.${effect}`, { name })}</li>
          ))}
        </ul>
        <Tick
          label={t("patients.endTick", { name })}
          checked={told}
          onChange={(event) => setTold(event.target.checked)}
          fault={tried && !told ? t("patients.endTickNeeded") : undefined}
        />
        {step.error && <Message tone="problem">{problemWords(step.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button look="grave" busy={step.isPending} onClick={end}>
            {t("patients.end")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
