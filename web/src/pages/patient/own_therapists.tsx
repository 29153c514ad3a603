/** The patient's own therapists, those whom they asked, and what became of it. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, problemWords } from "@/ui/states";
import { EndCareDialog } from "./end_care_dialog";
import { type Care, careChanged } from "./queries";

const TONES = { accepted: "good", requested: "warm", declined: "plain", ended: "plain" } as const;
const ORDER = ["accepted", "requested", "declined", "ended"] as const;

/** `care` has the latest of each therapist. */
export function OwnTherapists({ care }: { care: readonly Care[] }) {
  const { t } = useTranslation("patient");
  if (care.length === 0) return null;
  const inOrder = ORDER.flatMap((status) => care.filter((each) => each.status === status));
  return (
    <Card title={t("care.title")}>
      <ul className="grid divide-y divide-line">
        {inOrder.map((each) => (
          <li key={each.id} className="py-4 first:pt-0 last:pb-0">
            <Row care={each} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Row({ care }: { care: Care }) {
  const { t } = useTranslation("patient");
  const [ending, setEnding] = useState(false);
  const { therapist, status, conversationId } = care;
  return (
    <div className="grid gap-3">
      <div className="grid gap-1">
        <div className="flex flex-wrap items-center gap-3">
          <h3>{therapist.name}</h3>
          <Badge tone={TONES[status]}>{t(`care.${status}`)}</Badge>
        </div>
        <Since care={care} />
      </div>
      <div className="flex flex-wrap gap-2">
        {status === "accepted" && (
          <>
            <Button asChild>
              <Link to={`/therapists/${therapist.id}/book`}>{t("care.book")}</Link>
            </Button>
            {conversationId && (
              <Button asChild look="plain">
                <Link to={`/messages/${conversationId}`}>{t("care.write")}</Link>
              </Button>
            )}
            <Button look="quiet" onClick={() => setEnding(true)} aria-haspopup="dialog">
              {t("care.end")}
            </Button>
          </>
        )}
        {status === "ended" && conversationId && (
          <Button asChild look="quiet">
            <Link to={`/messages/${conversationId}`}>{t("care.read")}</Link>
          </Button>
        )}
        {status === "requested" && <TakeBack care={care} />}
      </div>
      {ending && <EndCareDialog care={care} onClose={() => setEnding(false)} />}
    </div>
  );
}

function Since({ care }: { care: Care }) {
  const { t } = useTranslation("patient");
  const { status, requestedAt, acceptedAt, endedAt, endedBy, declined } = care;
  if (status === "accepted" && acceptedAt)
    return <p className="text-ink-soft">{t("care.since", { day: inWords(acceptedAt, "date") })}</p>;
  if (status === "declined")
    return (
      <p className="text-ink-soft">{declined ? t(`declined.${declined.reason}`) : t("care.declinedPlain")}</p>
    );
  if (status === "ended" && endedAt) {
    const day = inWords(endedAt, "date");
    if (!acceptedAt) return <p className="text-ink-soft">{t("care.takenBackOn", { day })}</p>;
    const words = endedBy === "PATIENT" ? "care.endedByYou" : "care.endedOn";
    return <p className="text-ink-soft">{t(words, { day })}</p>;
  }
  return <p className="text-ink-soft">{t("care.askedOn", { day: inWords(requestedAt, "date") })}</p>;
}

/** A request that was not answered yet is taken back: nothing is lost by it, so nothing is asked. */
function TakeBack({ care }: { care: Care }) {
  const { t } = useTranslation("patient");
  const back = useMutation({
    mutationFn: () =>
      call(
        api.PATCH("/api/care-relationships/{id}", {
          params: { path: { id: care.id } },
          body: { status: "ended" },
        }),
      ),
    onSettled: careChanged,
  });
  return (
    <>
      <Button look="plain" busy={back.isPending} onClick={() => back.mutate()}>
        {t("care.takeBack")}
      </Button>
      {back.error && <Message tone="problem">{problemWords(back.error)}</Message>}
    </>
  );
}
