/** The series that an appointment is of: its times, and calling off what is ahead of it. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { spanInWords } from "@/i18n/spans";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { classes } from "@/ui/classes";
import { Dialog } from "@/ui/dialog";
import { useNow } from "@/ui/now";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { isChangeable, phaseOf } from "./appointment_phase";
import { CancelReason, usualReason } from "./cancel_reason";
import { timesChanged, useSeries } from "./queries";

interface Props {
  seriesId: string;
  appointmentId: string;
  isPatient: boolean;
}

export function SeriesPart({ seriesId, appointmentId, isPatient }: Props) {
  const { t } = useTranslation("patient");
  const [cancelling, setCancelling] = useState(false);
  const { data } = useSeries(seriesId);
  const now = useNow();
  if (!data) return null;
  const ahead = data.items.filter((each) => isChangeable(each, now)).length;
  return (
    <Card title={t("seriesPart.title")}>
      <div className="grid gap-4">
        <ol className="grid gap-1">
          {data.items.map((each) => (
            <li
              key={each.id}
              className={classes(phaseOf(each, now) === "off" && "text-ink-soft line-through")}
            >
              {each.id === appointmentId ? (
                <span aria-current="true" className="font-bold">
                  {spanInWords(each.startAt, each.endAt, "dayAndTime")}
                </span>
              ) : (
                <Link to={`/appointments/${each.id}`} className="text-leaf underline underline-offset-4">
                  {spanInWords(each.startAt, each.endAt, "dayAndTime")}
                </Link>
              )}
            </li>
          ))}
        </ol>
        {ahead > 1 && (
          <Button
            look="plain"
            className="justify-self-start"
            onClick={() => setCancelling(true)}
            aria-haspopup="dialog"
          >
            {t("seriesPart.cancel", { count: ahead })}
          </Button>
        )}
      </div>
      {cancelling && (
        <CancelSeries
          seriesId={seriesId}
          ahead={ahead}
          isPatient={isPatient}
          onClose={() => setCancelling(false)}
        />
      )}
    </Card>
  );
}

interface CancelProps {
  seriesId: string;
  ahead: number;
  isPatient: boolean;
  onClose: () => void;
}

function CancelSeries({ seriesId, ahead, isPatient, onClose }: CancelProps) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const [reason, setReason] = useState(usualReason(isPatient));
  const cancel = useMutation({
    mutationFn: () => {
      const params = { path: { id: seriesId } };
      return call(api.POST("/api/appointments/series/{id}/cancel", { params, body: { reason } }));
    },
    onSuccess: () => {
      tell(t("seriesPart.done"));
      onClose();
    },
    onSettled: timesChanged,
  });
  return (
    <Dialog title={t("seriesPart.cancelTitle")} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("seriesPart.cancelLead", { count: ahead })}</p>
        {isPatient && <p className="text-ink-soft">{t("seriesPart.lateToo")}</p>}
        <CancelReason isPatient={isPatient} value={reason} onChange={setReason} />
        {cancel.error && <Message tone="problem">{problemWords(cancel.error)}</Message>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("seriesPart.keep")}
          </Button>
          <Button look="grave" busy={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("seriesPart.go", { count: ahead })}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
