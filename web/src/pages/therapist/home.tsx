/** A therapist's start: the day, what waits, and the state of the licence. */
import { CalendarClock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { inWords } from "@/i18n/times";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Page } from "@/ui/page";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { LicenceNotice } from "./licence_notice";
import { useAvailability, useLicence, useTherapist } from "./own_queries";
import { Today } from "./today";
import { WaitingForYou } from "./waiting_for_you";

export default function TherapistHome() {
  const { t } = useTranslation("therapist");
  const { data: session } = useSession();
  const looking = session?.impersonated ?? false;
  const therapist = useTherapist(!looking);
  const licence = useLicence();
  // Whoever looks on is not shown the profile; the hours name the same zone.
  const hours = useAvailability(looking);
  const asked = [looking ? hours : therapist, licence];
  const failed = asked.find(({ error, data }) => error && !data);
  if (failed)
    return (
      <Page title={t("home.title")}>
        <PageProblem error={failed.error} retry={() => Promise.all(asked.map((one) => one.refetch()))} />
      </Page>
    );
  const timeZone = (looking ? hours : therapist).data?.timeZone;
  if (!session || !timeZone || !licence.data)
    return (
      <Page title={t("home.title")}>
        <Waiting />
      </Page>
    );
  return (
    <Page title={t("home.title")} lead={<DayName zone={timeZone} />} width="wide">
      <LicenceNotice licence={licence.data} />
      {licence.data.inForce && (
        <div className="grid items-start gap-6 xl:grid-cols-[1.7fr_1fr]">
          <Today zone={timeZone} />
          <div className="grid gap-6">
            {looking ? <Message>{t("home.notShown")}</Message> : <WaitingForYou ownId={session.user.id} />}
            <HoursMissing />
          </div>
        </div>
      )}
    </Page>
  );
}

function DayName({ zone }: { zone: string }) {
  return <span className="inline-block first-letter:uppercase">{inWords(new Date(), "dayLong", zone)}</span>;
}

/** Where no hours are set, nobody can book: said once the answer is there. */
function HoursMissing() {
  const { t } = useTranslation("therapist");
  const { data } = useAvailability();
  if (!data || data.rules.length || data.exceptions?.some(({ available }) => available)) return null;
  return (
    <Card title={t("home.hoursTitle")}>
      <p className="mb-4 text-ink-soft">{t("home.hours")}</p>
      <Button asChild look="plain">
        <Link to="/availability">
          <CalendarClock aria-hidden />
          {t("home.setHours")}
        </Link>
      </Button>
    </Card>
  );
}
