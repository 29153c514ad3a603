/** A time is held for the patient while they decide, and let go where they do not want it. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call, newKey } from "@/api/client";
import { Problem } from "@/api/problem";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { useNow } from "@/ui/now";
import { Message, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import type { Slot } from "../calendar_days";
import { HeldTimes } from "../held_times";
import { timesChanged } from "../queries";
import { isOver, leftUntil } from "../time_left";
import { When } from "../when";
import { letGo } from "./letting_go";
import { refusalOfTime, type TimeRefusal } from "./refusals";

interface Props {
  therapist: { id: string; name: string; timeZone: string };
  slot: Slot;
  zone: string;
  onClose: () => void;
  onRefused: (slot: Slot, why: TimeRefusal) => void;
}

export function HoldDialog({ therapist, slot, zone, onClose, onRefused }: Props) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const navigate = useNavigate();
  const now = useNow(1_000);
  const hold = useMutation({
    mutationFn: () => {
      const { startAt, endAt } = slot;
      const params = { header: { "Idempotency-Key": newKey() } };
      const body = { therapistId: therapist.id, startAt, endAt };
      return call(api.POST("/api/appointments/holds", { params, body }));
    },
    onError: (reason) => {
      const why = refusalOfTime(reason);
      if (why) onRefused(slot, why);
    },
  });
  const confirm = useMutation({
    mutationFn: (id: string) =>
      call(api.POST("/api/appointments/{id}/confirm", { params: { path: { id } } })),
    onSuccess: ({ appointment }) => {
      tell(t("book.booked"));
      navigate(`/appointments/${appointment.id}`);
    },
    // Also where no answer came: it may be booked.
    onSettled: () => void timesChanged(),
  });
  const begun = useRef(false);
  const { mutate } = hold;
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    mutate();
  }, [mutate]);
  const held = hold.data;
  const lapsed =
    (held && isOver(held.heldUntil, now)) ||
    (confirm.error instanceof Problem && confirm.error.kind === "hold-expired");
  const leave = () => {
    onClose();
    if (!held || confirm.isPending) return;
    void letGo(held.appointment).then((outcome) => outcome === "booked" && tell(t("book.bookedAlready")));
  };
  const tooMany = hold.error instanceof Problem && hold.error.kind === "too-many-holds";
  return (
    <Dialog title={t("book.confirmTitle", { name: therapist.name })} onClose={leave}>
      <div className="grid gap-4">
        <When {...slot} zone={zone} therapist={therapist.name} therapistsZone={therapist.timeZone} />
        {hold.isPending && <Waiting />}
        {hold.error && !tooMany && <Message tone="problem">{problemWords(hold.error)}</Message>}
        {tooMany && (
          <>
            <Message tone="warm">{t("book.tooMany")}</Message>
            <HeldTimes />
          </>
        )}
        {held && !lapsed && (
          <p className="rounded-control bg-leaf-soft px-4 py-3">
            {t("book.heldFor")} <strong className="tabular-nums">{leftUntil(held.heldUntil, now)}</strong>
          </p>
        )}
        {lapsed && <Message tone="warm">{t("book.lapsed")}</Message>}
        {confirm.error && !lapsed && <Message tone="problem">{problemWords(confirm.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={leave}>
            {t("book.another")}
          </Button>
          {held && !lapsed ? (
            <Button busy={confirm.isPending} onClick={() => confirm.mutate(held.appointment.id)}>
              {t("book.confirm")}
            </Button>
          ) : (
            !hold.isPending && (
              <Button
                onClick={() => {
                  confirm.reset();
                  hold.mutate();
                }}
              >
                {t("book.holdAgain")}
              </Button>
            )
          )}
        </div>
      </div>
    </Dialog>
  );
}
