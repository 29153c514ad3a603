/** Times that are kept for the patient for some minutes: held by themselves, or offered by a waiting list. */
import { useMutation } from "@tanstack/react-query";
import { CalendarClock } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { useNow } from "@/ui/now";
import { Message, problemWords } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type Appointment, type Place, timesChanged, useHeld, usePlaces } from "./queries";
import { isOver, leftUntil } from "./time_left";
import { When } from "./when";

const A_SECOND = 1_000;

/** All that is kept now and can be confirmed; of one therapist where one is given. */
export function HeldTimes({ therapistId, except }: { therapistId?: string; except?: string }) {
  const { data: held } = useHeld();
  const { data: places } = usePlaces();
  const now = useNow(A_SECOND);
  const offered = (places?.items ?? []).filter(
    ({ offer, therapist }) =>
      offer && !isOver(offer.expiresAt, now) && (!therapistId || therapist.userId === therapistId),
  );
  const theirs = new Set(offered.map(({ offer }) => offer?.appointmentId));
  const own = (held?.items ?? []).filter(
    ({ id, heldUntil, therapist }) =>
      heldUntil &&
      !isOver(heldUntil, now) &&
      !theirs.has(id) &&
      id !== except &&
      (!therapistId || therapist.userId === therapistId),
  );
  return (
    <>
      {offered.map((place) => (
        <Offered key={place.id} place={place} now={now} />
      ))}
      {own.map((appointment) => (
        <Held key={appointment.id} appointment={appointment} now={now} />
      ))}
    </>
  );
}

function Held({ appointment, now }: { appointment: Appointment; now: number }) {
  const { t } = useTranslation("patient");
  const { id, version } = appointment;
  const params = { path: { id } };
  const confirm = useKept(() => call(api.POST("/api/appointments/{id}/confirm", { params })));
  const letGo = useMutation({
    // What another tab booked meanwhile has another version, and is not called off by this.
    mutationFn: () =>
      call(
        api.POST("/api/appointments/{id}/cancel", { params, body: { reason: "patient_request", version } }),
      ),
    onSettled: timesChanged,
  });
  return (
    <Kept
      title={t("held.title")}
      left={t("held.left", { left: leftUntil(appointment.heldUntil as string, now) })}
      error={confirm.error ?? letGo.error}
      actions={
        <>
          <Button busy={confirm.isPending} onClick={() => confirm.mutate()}>
            {t("held.confirm")}
          </Button>
          <Button look="plain" busy={letGo.isPending} onClick={() => letGo.mutate()}>
            {t("held.letGo")}
          </Button>
        </>
      }
    >
      <p>{t("held.with", { name: appointment.therapist.name })}</p>
      <When {...appointment} therapist={appointment.therapist.name} therapistsZone={appointment.timeZone} />
    </Kept>
  );
}

function Offered({ place, now }: { place: Place; now: number }) {
  const { t } = useTranslation("patient");
  const params = { path: { id: place.id } };
  const accept = useKept(() => call(api.POST("/api/waitlist/{id}/accept", { params })));
  const decline = useMutation({
    mutationFn: () => call(api.POST("/api/waitlist/{id}/decline", { params })),
    onSettled: timesChanged,
  });
  const { offer, therapist } = place;
  if (!offer) return null;
  return (
    <Kept
      title={t("offer.title")}
      left={t("held.left", { left: leftUntil(offer.expiresAt, now) })}
      error={accept.error ?? decline.error}
      actions={
        <>
          <Button busy={accept.isPending} onClick={() => accept.mutate()}>
            {t("offer.accept")}
          </Button>
          <Button look="plain" busy={decline.isPending} onClick={() => decline.mutate()}>
            {t("offer.decline")}
          </Button>
        </>
      }
    >
      <p>{t("held.with", { name: therapist.name })}</p>
      <When {...offer} therapist={therapist.name} therapistsZone={offer.timeZone} />
      <p className="text-sm text-ink-soft">{t("offer.explained")}</p>
    </Kept>
  );
}

/** Confirming: what was booked is shown. */
function useKept(confirm: () => Promise<{ appointment: { id: string } }>) {
  const { t } = useTranslation("patient");
  const tell = useToast();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: confirm,
    onSuccess: ({ appointment }) => {
      tell(t("book.booked"));
      navigate(`/appointments/${appointment.id}`);
    },
    onSettled: timesChanged,
  });
}

interface KeptProps {
  title: string;
  left: string;
  error: unknown;
  actions: ReactNode;
  children: ReactNode;
}

function Kept({ title, left, error, actions, children }: KeptProps) {
  return (
    <section className="grid gap-3 rounded-card border border-leaf bg-leaf-soft p-4 shadow-card sm:p-6">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="flex items-center gap-2">
          <CalendarClock className="size-5 shrink-0" aria-hidden />
          {title}
        </h2>
        <p className="font-semibold tabular-nums" role="timer" aria-live="off">
          {left}
        </p>
      </div>
      <div>{children}</div>
      {error !== null && <Message tone="problem">{problemWords(error)}</Message>}
      <div className="flex flex-wrap gap-2">{actions}</div>
    </section>
  );
}
