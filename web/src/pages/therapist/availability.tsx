/** When and on which terms a therapist can be booked. */
import { useTranslation } from "react-i18next";
import { dayOf, zoneName } from "@/i18n/times";
import { useSession } from "@/session/session";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { DifferentDays } from "./availability/different_days";
import { type Kept, useDraft } from "./availability/draft";
import { LeavingGuard } from "./availability/leaving";
import { Saving } from "./availability/saving";
import { SlotsPreview } from "./availability/slots_preview";
import { Terms } from "./availability/terms";
import { Week } from "./availability/week";
import { LicenceNotice } from "./licence_notice";
import { useAvailability, useLicence } from "./own_queries";

export default function AvailabilityPage() {
  const { t } = useTranslation("therapist");
  const licence = useLicence();
  const { data: session } = useSession();
  const availability = useAvailability(licence.data?.inForce ?? false);
  const failed = [licence, availability].find(({ error, data }) => error && !data);
  if (licence.data && !licence.data.inForce)
    return (
      <Page title={t("availability.title")}>
        <LicenceNotice licence={licence.data} />
        <Empty>{t("availability.notYet")}</Empty>
      </Page>
    );
  if (!availability.data || !session)
    return (
      <Page title={t("availability.title")}>
        {failed ? <PageProblem error={failed.error} retry={failed.refetch} /> : <Waiting />}
      </Page>
    );
  return <Editor kept={availability.data} therapistId={session.user.id} />;
}

function Editor({ kept, therapistId }: { kept: Kept; therapistId: string }) {
  const { t } = useTranslation("therapist");
  const draft = useDraft(kept);
  const { timeZone, rules, exceptions = [] } = draft.now;
  const today = dayOf(new Date(), timeZone);
  return (
    <Page
      title={t("availability.title")}
      lead={t("availability.zoneIs", { zone: zoneName(timeZone) })}
      width="wide"
    >
      <LeavingGuard changed={draft.changed} />
      <Week hours={rules} today={today} onChange={(changed) => draft.change({ rules: changed })} />
      <DifferentDays
        days={exceptions}
        hours={rules}
        today={today}
        onChange={(changed) => draft.change({ exceptions: changed })}
      />
      <Terms terms={draft.now} onChange={draft.change} />
      <SlotsPreview therapistId={therapistId} timeZone={kept.timeZone} changed={draft.changed} />
      <Saving draft={draft} />
    </Page>
  );
}
