/** A therapist of the directory: who they are, when they are free, and how to reach them. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConnectDialog } from "./connect_dialog";
import type { Care } from "./queries";

interface Props {
  therapist: Shape<"AvailableTherapist">;
  /** What is between the two, the latest. */
  care: Care | undefined;
}

export function TherapistCard({ therapist, care }: Props) {
  const { t, i18n } = useTranslation("patient");
  const [asking, setAsking] = useState(false);
  const { id, name, bio, specialties, languages, nextSlots } = therapist;
  const book = `/therapists/${id}/book`;
  const canAsk = !care || care.status === "declined" || care.status === "ended";
  return (
    <article
      aria-labelledby={`therapist-${id}`}
      className="grid gap-4 rounded-card border border-line bg-surface p-4 shadow-card sm:p-6"
    >
      <div className="grid gap-2">
        <div className="flex flex-wrap items-center gap-3">
          <h3 id={`therapist-${id}`} className="text-lg">
            {name}
          </h3>
          {care && care.status !== "ended" && (
            <Badge
              tone={care.status === "accepted" ? "good" : care.status === "requested" ? "warm" : "plain"}
            >
              {t(`care.${care.status}`)}
            </Badge>
          )}
        </div>
        {bio && <p className="whitespace-pre-line break-words">{bio}</p>}
        <dl className="grid gap-1 text-sm">
          {specialties.length > 0 && (
            <div className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
              <dt className="text-ink-soft">{t("therapists.helpsWith")}</dt>
              {specialties.map((specialty) => (
                <dd key={specialty}>
                  <Badge>{specialty}</Badge>
                </dd>
              ))}
            </div>
          )}
          {languages.length > 0 && (
            <div className="flex flex-wrap gap-x-2">
              <dt className="text-ink-soft">{t("therapists.speaks")}</dt>
              <dd>{listed(languages, i18n.language)}</dd>
            </div>
          )}
        </dl>
      </div>
      <div className="grid gap-2">
        <h4 className="text-sm font-semibold text-ink-soft">{t("therapists.nextTimes")}</h4>
        {nextSlots.length === 0 ? (
          <p>{t("therapists.noTimes")}</p>
        ) : (
          <ul className="flex flex-wrap gap-2">
            {nextSlots.map(({ startAt }) => (
              <li key={startAt}>
                <Button asChild look="plain" size="small" className="min-h-11">
                  <Link to={`${book}?slot=${encodeURIComponent(startAt)}`}>
                    <time dateTime={startAt}>{inWords(startAt, "dayAndTime")}</time>
                  </Link>
                </Button>
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        {canAsk && (
          <Button onClick={() => setAsking(true)} aria-haspopup="dialog">
            {t("connect.ask")}
          </Button>
        )}
        <Button asChild look={canAsk ? "plain" : "main"}>
          <Link to={book}>{t("therapists.allTimes")}</Link>
        </Button>
      </div>
      {asking && <ConnectDialog therapist={therapist} onClose={() => setAsking(false)} />}
    </article>
  );
}

function listed(tags: readonly string[], language: string): string {
  const names = new Intl.DisplayNames(language, { type: "language" });
  const words = tags.map((tag) => names.of(tag) ?? tag);
  return new Intl.ListFormat(language, { type: "conjunction" }).format(words);
}
