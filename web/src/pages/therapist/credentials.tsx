/** A therapist's licence: where it stands, and the form that sends it. */
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { fromNow, inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";
import { PageProblem, Waiting } from "@/ui/states";
import { LicenceForm } from "./licence_form";
import { type Licence, useLicence } from "./own_queries";

const TONES = {
  unsubmitted: "plain",
  pending: "plain",
  verified: "good",
  rejected: "grave",
  expired: "warm",
} as const;

/** How far off a day is said so long before it. */
const A_YEAR_MS = 365 * 86_400_000;

export default function Credentials() {
  const { t } = useTranslation("therapist");
  const { data: licence, error, refetch } = useLicence();
  const [changing, setChanging] = useState(false);
  if (!licence)
    return (
      <Page title={t("credentials.title")} width="narrow">
        {error ? <PageProblem error={error} retry={refetch} /> : <Waiting />}
      </Page>
    );
  const state = licence.status === "verified" && !licence.inForce ? "expired" : licence.status;
  const wanted = state === "unsubmitted" || state === "rejected" || state === "expired";
  return (
    <Page title={t("credentials.title")} lead={t("credentials.lead")} width="narrow">
      <Card>
        <div className="grid gap-4">
          <div className="grid justify-items-start gap-2">
            <Badge tone={TONES[state]}>{t(`credentials.states.${state}`)}</Badge>
            <p>{t(`credentials.stateWords.${state}`)}</p>
          </div>
          {licence.rejectionReason && (
            <figure className="rounded-control bg-petal-soft px-4 py-3">
              <figcaption className="font-semibold">{t("credentials.reason")}</figcaption>
              <blockquote className="whitespace-pre-wrap wrap-anywhere">{licence.rejectionReason}</blockquote>
            </figure>
          )}
          {licence.licenceNumber && <Facts licence={licence} />}
        </div>
      </Card>
      {wanted || changing ? (
        <LicenceForm licence={licence} isChange={!wanted} onSent={() => setChanging(false)} />
      ) : (
        <div>
          <Button look="plain" onClick={() => setChanging(true)}>
            {t("credentials.change")}
          </Button>
        </div>
      )}
    </Page>
  );
}

function Facts({ licence }: { licence: Licence }) {
  const { t } = useTranslation("therapist");
  const lastDay = licence.expiresOn && `${licence.expiresOn}T23:59:59Z`;
  return (
    <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[auto_1fr]">
      <Fact name={t("credentials.number")}>{licence.licenceNumber}</Fact>
      <Fact name={t("credentials.region")}>{licence.region}</Fact>
      {lastDay && (
        <Fact name={t("credentials.expiresOn")}>
          {Date.parse(lastDay) - Date.now() < A_YEAR_MS
            ? t("credentials.expiresIn", { date: inWords(lastDay, "date", "UTC"), when: fromNow(lastDay) })
            : inWords(lastDay, "date", "UTC")}
        </Fact>
      )}
      {licence.submittedAt && (
        <Fact name={t("credentials.sentAt")}>{inWords(licence.submittedAt, "date")}</Fact>
      )}
      {licence.reviewedAt && (
        <Fact name={t("credentials.checkedAt")}>{inWords(licence.reviewedAt, "date")}</Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="sm:contents">
      <dt className="text-ink-soft">{name}</dt>
      <dd className="font-semibold wrap-anywhere">{children}</dd>
    </div>
  );
}
