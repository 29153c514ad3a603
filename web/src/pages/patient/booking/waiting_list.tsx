/** Where nothing fits: wait for a time of this therapist's that does, and be offered it. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { inList } from "@/i18n/lists";
import { inWords } from "@/i18n/times";
import { weekdayName } from "@/pages/therapist/weekdays";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, problemWords } from "@/ui/states";
import { type Place, timesChanged, usePlaces } from "../queries";
import { WaitDialog } from "./wait_dialog";

export function WaitingList({ therapist }: { therapist: { id: string; name: string } }) {
  const { t } = useTranslation("patient");
  const { data } = usePlaces();
  const [asking, setAsking] = useState(false);
  const place = data?.items.find((each) => each.therapist.userId === therapist.id);
  return (
    <Card title={t("wait.title")}>
      {place ? (
        <Waits place={place} />
      ) : (
        <div className="grid justify-items-start gap-3">
          <p className="text-ink-soft">{t("wait.lead", { name: therapist.name })}</p>
          <Button look="plain" onClick={() => setAsking(true)} aria-haspopup="dialog">
            {t("wait.join")}
          </Button>
        </div>
      )}
      {asking && <WaitDialog therapist={therapist} onClose={() => setAsking(false)} />}
    </Card>
  );
}

function Waits({ place }: { place: Place }) {
  const { t } = useTranslation("patient");
  const leave = useMutation({
    mutationFn: () => call(api.DELETE("/api/waitlist/{id}", { params: { path: { id: place.id } } })),
    onSettled: timesChanged,
  });
  const weekdays = place.preferences.weekdays ?? [];
  const parts = place.preferences.partsOfDay ?? [];
  return (
    <div className="grid justify-items-start gap-3">
      <p>{t("wait.waits", { name: place.therapist.name })}</p>
      <dl className="grid gap-1 text-ink-soft">
        <Row name={t("wait.between")}>
          {t("wait.span", { from: inWords(place.earliestAt, "date"), to: inWords(place.latestAt, "date") })}
        </Row>
        <Row name={t("wait.days")}>
          {weekdays.length > 0 ? inList(weekdays.map(weekdayName)) : t("wait.anyDay")}
        </Row>
        <Row name={t("wait.parts")}>
          {parts.length > 0 ? inList(parts.map((part) => t(`wait.part.${part}`))) : t("wait.anyPart")}
        </Row>
        <Row name={t("wait.place")}>{t("wait.position", { position: place.position })}</Row>
      </dl>
      {leave.error && <Message tone="problem">{problemWords(leave.error)}</Message>}
      <Button look="plain" busy={leave.isPending} onClick={() => leave.mutate()}>
        {t("wait.leave")}
      </Button>
    </div>
  );
}

function Row({ name, children }: { name: string; children: string }) {
  return (
    <div className="flex flex-wrap gap-x-2">
      <dt className="font-semibold">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
