/** An appointment takes another time: both are shown before. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call } from "@/api/client";
import { spanInWords } from "@/i18n/spans";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import type { Slot } from "../calendar_days";
import { type Appointment, timesChanged } from "../queries";
import { When } from "../when";
import { refusalOfTime, type TimeRefusal } from "./refusals";

interface Props {
  appointment: Appointment;
  slot: Slot;
  zone: string;
  onClose: () => void;
  onRefused: (slot: Slot, why: TimeRefusal) => void;
}

export function MoveDialog({ appointment, slot, zone, onClose, onRefused }: Props) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const navigate = useNavigate();
  const { id, version, therapist, timeZone } = appointment;
  const move = useMutation({
    mutationFn: () => {
      const { startAt, endAt } = slot;
      return call(
        api.PATCH("/api/appointments/{id}", { params: { path: { id } }, body: { startAt, endAt, version } }),
      );
    },
    onSuccess: () => {
      tell(t("move.done"));
      navigate(`/appointments/${id}`);
    },
    onError: (reason) => {
      const why = refusalOfTime(reason);
      if (why) onRefused(slot, why);
    },
    onSettled: timesChanged,
  });
  return (
    <Dialog title={t("move.title")} onClose={onClose}>
      <div className="grid gap-4">
        <p>
          <span className="block text-sm text-ink-soft">{t("move.from")}</span>
          <span className="line-through">
            {spanInWords(appointment.startAt, appointment.endAt, "dayAndTime", zone)}
          </span>
        </p>
        <div>
          <p className="text-sm text-ink-soft">{t("move.to")}</p>
          <When {...slot} zone={zone} therapist={therapist.name} therapistsZone={timeZone} />
        </div>
        {move.error && <Message tone="problem">{problemWords(move.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("book.another")}
          </Button>
          <Button busy={move.isPending} onClick={() => move.mutate()}>
            {t("move.go")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
