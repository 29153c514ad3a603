/** Who somebody is: their own profile, by role. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call, type Shape } from "@/api/client";
import { renewSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { TextArea } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message, PageProblem, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { AccountFields } from "./account_fields";
import { type AnyProfile, isPatient, isTherapist, useProfile } from "./own_profile";
import { atTheForm, patientChanges } from "./patient_fields";
import { PatientFields, usePatientFaults, usePatientRefusals } from "./patient_form";
import { SettingsPage } from "./settings_page";
import { fitSpecialties, specialtiesOf, TherapistFields } from "./therapist_form";

export default function ProfilePage() {
  const { t } = useTranslation("settings");
  const { data: profile, error, refetch } = useProfile();
  if (error && !profile) return <PageProblem error={error} retry={refetch} />;
  return (
    <SettingsPage title={t("profile.title")}>
      {profile ? <ProfileForm profile={profile} /> : <Waiting />}
    </SettingsPage>
  );
}

function ProfileForm({ profile }: { profile: AnyProfile }) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  const tell = useToast();
  const client = useQueryClient();
  const patientFaults = usePatientFaults();
  const keeping = useMutation({
    mutationFn: (body: Shape<"ProfileChanges">) => call(api.PATCH("/api/user/profile", { body })),
    onSuccess: (kept) => client.setQueryData(["profile"], kept),
  });
  const { busy, failure, faultOf, onSubmit } = useForm(
    async (given, form) => {
      try {
        await keeping.mutateAsync(changesOf(profile, given, new FormData(form)));
      } catch (reason) {
        throw atTheForm(reason);
      }
      tell(t("profile.saved"));
      await renewSession(); // the name stands at the top of each page
    },
    (given) => ({
      name: given.name?.trim() ? undefined : words("needed"),
      specialties: fitSpecialties(given.specialties) ? undefined : t("profile.faults.specialties"),
      ...(isPatient(profile) && patientFaults(given)),
    }),
    usePatientRefusals(),
  );
  return (
    <form onSubmit={onSubmit} className="grid gap-6" noValidate>
      <Progress profile={profile} />
      {failure && <Message tone="problem">{failure}</Message>}
      <Card>
        <div className="grid gap-5">
          <AccountFields profile={profile} faultOf={faultOf} />
        </div>
      </Card>
      {isPatient(profile) && (
        <Card title={t("profile.about")}>
          <div className="grid gap-5">
            <PatientFields profile={profile} faultOf={faultOf} />
            <TextArea
              label={t("profile.aboutField")}
              hint={t("profile.aboutHint")}
              name="about"
              defaultValue={profile.about ?? ""}
              maxLength={4000}
              fault={faultOf("about")}
            />
          </div>
        </Card>
      )}
      {isTherapist(profile) && <TherapistFields profile={profile} faultOf={faultOf} />}
      <p>
        <Button type="submit" busy={busy}>
          {t("profile.save")}
        </Button>
      </p>
    </form>
  );
}

function changesOf(
  profile: AnyProfile,
  given: Record<string, string>,
  all: FormData,
): Shape<"ProfileChanges"> {
  const { name = "", timeZone, language } = given;
  const account = { name: name.trim(), timeZone, language };
  if (isPatient(profile)) return { ...account, ...patientChanges(given), about: given.about?.trim() || null };
  if (!isTherapist(profile)) return account;
  return {
    ...account,
    bio: given.bio?.trim() ?? "",
    specialties: specialtiesOf(given.specialties),
    languages: all.getAll("languages").map(String),
    acceptsNewPatients: given.acceptsNewPatients === "on",
  };
}

function Progress({ profile }: { profile: AnyProfile }) {
  const { t, i18n } = useTranslation("settings");
  const { complete, percent, missing } = profile.completeness;
  const named = missing.map((field) =>
    i18n.exists(`settings:profile.fields.${field}`)
      ? t(`profile.fields.${field}` as "profile.fields.name")
      : field,
  );
  const list = new Intl.ListFormat(i18n.language, { type: "conjunction" }).format(named);
  return (
    <div className="grid gap-2">
      <p className="font-semibold">{complete ? t("profile.complete") : t("profile.progress", { percent })}</p>
      <progress
        value={percent}
        max={100}
        className="h-2.5 w-full appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-leaf [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:rounded-full [&::-webkit-progress-value]:bg-leaf"
        aria-label={t("profile.progress", { percent })}
      />
      {!complete && <p className="text-sm text-ink-soft">{t("profile.missing", { fields: list })}</p>}
      {missing.includes("credentials") && (
        <p>
          <Link to="/settings/credentials" className="text-leaf underline underline-offset-4">
            {t("profile.licence")}
          </Link>
        </p>
      )}
    </div>
  );
}
