/** The first steps after signing up: what we need to agree on, and for patients a little about them. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, call, type Shape } from "@/api/client";
import { deviceZone } from "@/i18n/times";
import { HOME } from "@/session/guard";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { useForm } from "@/ui/form";
import { Page } from "@/ui/page";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { TimeZoneField } from "./account_fields";
import { Agreements } from "./agreements";
import { consentsQuery } from "./consents";
import { ErasureNotice } from "./erasure_notice";
import { isPatient, useProfile } from "./own_profile";
import { atTheForm, patientChanges } from "./patient_fields";
import { PatientFields, usePatientFaults, usePatientRefusals } from "./patient_form";

export default function GettingStartedPage() {
  const { t } = useTranslation("settings");
  const navigate = useNavigate();
  const { data: session } = useSession();
  const { data: consents, error, refetch } = useQuery(consentsQuery);
  const [agreed, setAgreed] = useState(false);
  if (error && !consents) return <PageProblem error={error} retry={refetch} />;
  if (!consents || !session) return <Waiting />;
  const patient = session.user.role === "PATIENT";
  const finish = () => navigate(HOME, { replace: true });
  const step = agreed && patient ? 2 : 1;
  const goOn = () => {
    if (!patient) return void finish();
    setAgreed(true);
    scrollTo({ top: 0 });
    document.querySelector<HTMLElement>("#content h1")?.focus({ preventScroll: true });
  };
  return (
    <Page title={t("started.title")} lead={t(patient ? "started.lead" : "started.leadStaff")} width="narrow">
      <ErasureNotice />
      {patient && (
        <p className="text-sm font-semibold text-ink-soft" role="status">
          {t("started.step", { step, steps: 2 })}
        </p>
      )}
      {step === 1 ? <Agreements consents={consents} onDone={goOn} /> : <AboutMe onDone={finish} />}
    </Page>
  );
}

function AboutMe({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("settings");
  const { data: profile, error, refetch } = useProfile();
  if (error && !profile) return <PageProblem error={error} retry={refetch} />;
  if (!profile || !isPatient(profile)) return <Waiting />;
  return (
    <Card title={t("started.profile")}>
      <AboutMeForm profile={profile} onDone={onDone} />
    </Card>
  );
}

function AboutMeForm({ profile, onDone }: { profile: Shape<"ShownPatient">; onDone: () => void }) {
  const { t } = useTranslation("settings");
  const { i18n } = useTranslation();
  const client = useQueryClient();
  const keeping = useMutation({
    mutationFn: (body: Shape<"ProfileChanges">) => call(api.PATCH("/api/user/profile", { body })),
    onSuccess: (kept) => client.setQueryData(["profile"], kept),
  });
  const { busy, failure, faultOf, onSubmit } = useForm(
    async (given) => {
      const account = { timeZone: given.timeZone, language: i18n.language };
      try {
        await keeping.mutateAsync({ ...account, ...patientChanges(given) });
      } catch (reason) {
        throw atTheForm(reason);
      }
      onDone();
    },
    usePatientFaults(),
    usePatientRefusals(),
  );
  // Nobody has chosen it yet, so what this device says is the better guess.
  const zone = profile.timeZone === "UTC" ? deviceZone() : profile.timeZone;
  // Mails tell the time whether or not the rest is filled in.
  const later = () => keeping.mutate({ timeZone: zone, language: i18n.language }, { onSettled: onDone });
  return (
    <form onSubmit={onSubmit} className="grid gap-5" noValidate>
      <p className="text-ink-soft">{t("started.profileText")}</p>
      {failure && <Message tone="problem">{failure}</Message>}
      <PatientFields profile={profile} faultOf={faultOf} />
      <TimeZoneField chosen={zone} fault={faultOf("timeZone")} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={busy}>
          {t("started.goOn")}
        </Button>
        <Button look="quiet" onClick={later}>
          {t("started.profileLater")}
        </Button>
      </div>
    </form>
  );
}
