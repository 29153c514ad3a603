/** A therapist's patients: who asks for care, who is in it, who waits for a time. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { Page } from "@/ui/page";
import { Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { Switch } from "@/ui/switch";
import { CareRequests } from "./care_requests";
import { LicenceNotice } from "./licence_notice";
import { type Therapist, useCareRequests, useLicence, useTherapist } from "./own_queries";
import { PatientsInCare } from "./patients_in_care";
import { WaitingPlaces } from "./waiting_places";

export default function Patients() {
  const { t } = useTranslation("therapist");
  const therapist = useTherapist();
  const licence = useLicence();
  const open = licence.data?.inForce ?? false;
  const requests = useCareRequests(open);
  const failed = [therapist, licence, requests].find(({ error, data }) => error && !data);
  if (failed)
    return (
      <Page title={t("patients.title")}>
        <PageProblem error={failed.error} retry={failed.refetch} />
      </Page>
    );
  if (!therapist.data || !licence.data)
    return (
      <Page title={t("patients.title")}>
        <Waiting />
      </Page>
    );
  const { capacity } = requests.data ?? {};
  const full = capacity ? capacity.inCare >= capacity.most : false;
  return (
    <Page title={t("patients.title")} lead={capacity && t("patients.capacity", { ...capacity })}>
      <LicenceNotice licence={licence.data} />
      {full && <Message>{t("patients.full")}</Message>}
      {open && (
        <>
          <CareRequests requests={requests.data?.items} zone={therapist.data.timeZone} />
          <PatientsInCare zone={therapist.data.timeZone} />
          <WaitingPlaces zone={therapist.data.timeZone} />
          <Accepting accepts={therapist.data.acceptsNewPatients} />
        </>
      )}
    </Page>
  );
}

/** Whether new patients find the therapist: a switch that holds at once. */
function Accepting({ accepts }: { accepts: boolean }) {
  const { t } = useTranslation("therapist");
  const change = useMutation({
    mutationFn: (wanted: boolean) =>
      call(api.PATCH("/api/user/profile", { body: { acceptsNewPatients: wanted } })),
    onSuccess: (kept) => queryClient.setQueryData<Therapist>(["profile"], kept as Therapist),
  });
  return (
    <div className="grid gap-3 rounded-card border border-line bg-surface p-4 shadow-card sm:p-6">
      <Switch
        label={t("patients.accepting")}
        hint={t("patients.acceptingHint")}
        checked={change.isPending ? change.variables : accepts}
        onChange={(event) => change.mutate(event.target.checked)}
      />
      {change.error && <Message tone="problem">{problemWords(change.error)}</Message>}
    </div>
  );
}
