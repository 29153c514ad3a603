/** A weekly series: all of its times are shown before, and booked together or not at all. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call } from "@/api/client";
import { useRequestKey } from "@/api/request_key";
import { spanInWords } from "@/i18n/spans";
import { zoneName } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import type { Slot } from "../calendar_days";
import { timesChanged } from "../queries";
import { placesNotFree, refusalOfTime, type TimeRefusal } from "./refusals";
import { type Repeat, seriesOf } from "./repeating";

interface Props {
  therapist: { id: string; name: string; timeZone: string };
  slot: Slot;
  repeat: Repeat;
  zone: string;
  onClose: () => void;
  onRefused: (slot: Slot, why: TimeRefusal) => void;
}

export function SeriesDialog({ therapist, slot, repeat, zone, onClose, onRefused }: Props) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const navigate = useNavigate();
  const booking = useRequestKey();
  const all = seriesOf(slot, repeat, therapist.timeZone);
  const book = useMutation({
    mutationFn: () => {
      const { startAt, endAt } = slot;
      return booking.under({ therapistId: therapist.id, startAt, endAt, ...repeat }, (body, key) =>
        call(api.POST("/api/appointments/series", { params: { header: { "Idempotency-Key": key } }, body })),
      );
    },
    onSuccess: ({ appointments }) => {
      void timesChanged();
      tell(t("series.booked", { count: appointments.length }));
      navigate("/appointments");
    },
    onError: (reason) => {
      const why = refusalOfTime(reason);
      if (why) onRefused(slot, why);
    },
  });
  const notFree = placesNotFree(book.error);
  return (
    <Dialog title={t("series.title", { name: therapist.name })} onClose={onClose}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("zoned", { zone: zoneName(zone) })}</p>
        <ol className="grid gap-1" aria-label={t("series.times")}>
          {all.map(({ startAt, endAt }, place) => (
            <li key={startAt} className="flex flex-wrap items-center justify-between gap-2">
              <time dateTime={startAt}>{spanInWords(startAt, endAt, "dayAndTime", zone)}</time>
              {notFree.includes(place) && <Badge tone="warm">{t("series.notFree")}</Badge>}
            </li>
          ))}
        </ol>
        {book.error && (
          <Message tone={notFree.length > 0 ? "warm" : "problem"}>{problemWords(book.error)}</Message>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("book.another")}
          </Button>
          {notFree.length === 0 && (
            <Button busy={book.isPending} onClick={() => book.mutate()}>
              {t("series.book", { count: all.length })}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
