/** Calling an appointment off: a patient is told beforehand where it is late. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { spanInWords } from "@/i18n/spans";
import { inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { CancelReason, usualReason } from "./cancel_reason";
import { type Appointment, timesChanged } from "./queries";
import { isOver } from "./time_left";

interface Props {
  appointment: Appointment;
  isPatient: boolean;
  onClose: () => void;
}

export function CancelDialog({ appointment, isPatient, onClose }: Props) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const [reason, setReason] = useState(usualReason(isPatient));
  const { id, version, startAt, endAt, lateFrom } = appointment;
  const cancel = useMutation({
    mutationFn: () =>
      call(
        api.POST("/api/appointments/{id}/cancel", { params: { path: { id } }, body: { reason, version } }),
      ),
    onSuccess: () => {
      tell(t("cancel.done"));
      onClose();
    },
    onSettled: timesChanged,
  });
  return (
    <Dialog title={t("cancel.title")} onClose={onClose}>
      <div className="grid gap-4">
        <p className="font-bold first-letter:uppercase">{spanInWords(startAt, endAt, "dayLongAndTime")}</p>
        {isPatient && (
          <Message tone={isOver(lateFrom, Date.now()) ? "warm" : "plain"}>
            {isOver(lateFrom, Date.now())
              ? t("cancel.late")
              : t("cancel.notLate", { time: inWords(lateFrom, "dayAndTime") })}
          </Message>
        )}
        <CancelReason isPatient={isPatient} value={reason} onChange={setReason} />
        {cancel.error && <Message tone="problem">{problemWords(cancel.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("cancel.keep")}
          </Button>
          <Button look="grave" busy={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("cancel.go")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
