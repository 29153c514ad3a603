import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fromNow, inWords } from "@/i18n/times";
import { Button } from "@/ui/button";
import { useNow } from "@/ui/now";
import { Message } from "@/ui/states";
import { newsOf } from "./day";
import type { Licence } from "./own_queries";

const AN_HOUR = 3_600_000;

/** What a therapist has to know of their licence now; nothing where it holds and will for long. */
export function LicenceNotice({ licence }: { licence: Licence }) {
  const { t } = useTranslation("therapist");
  const now = useNow(AN_HOUR);
  const news = newsOf(licence, now);
  if (!news) return null;
  const { state, endsAt } = news;
  const when = endsAt ? fromNow(endsAt, now) : "";
  const date = endsAt ? inWords(endsAt, "date", "UTC") : "";
  return (
    <Message tone={state === "pending" ? "plain" : "warm"}>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="grid max-w-prose gap-0.5">
          <h2 className="text-base">{t(`home.licence.${state}Title`, { when })}</h2>
          <p>{t(`home.licence.${state}`, { date })}</p>
        </div>
        <Button asChild look="plain">
          <Link to="/settings/credentials">{t("home.licence.open")}</Link>
        </Button>
      </div>
    </Message>
  );
}
