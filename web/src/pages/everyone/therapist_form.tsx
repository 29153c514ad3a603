import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Card } from "@/ui/card";
import { TextArea, Tick } from "@/ui/field";
import { spokenLanguages } from "./names";

const MOST = 20;
const LONGEST = 100;

interface Props {
  profile: Shape<"ShownTherapist">;
  faultOf: (field: string) => string | undefined;
}

/** What patients see of a therapist. */
export function TherapistFields({ profile, faultOf }: Props) {
  const { t, i18n } = useTranslation("settings");
  return (
    <Card title={t("profile.public")}>
      <div className="grid gap-5">
        <TextArea
          label={t("profile.bio")}
          hint={t("profile.bioHint")}
          name="bio"
          defaultValue={profile.bio}
          rows={7}
          maxLength={4000}
          fault={faultOf("bio")}
        />
        <TextArea
          label={t("profile.specialties")}
          hint={t("profile.specialtiesHint")}
          name="specialties"
          defaultValue={profile.specialties.join("\n")}
          rows={5}
          fault={faultOf("specialties")}
        />
        <fieldset>
          <legend className="mb-2 font-semibold">{t("profile.languages")}</legend>
          <ul className="grid max-h-72 gap-x-4 gap-y-2 overflow-y-auto rounded-control border border-line p-3 sm:grid-cols-2">
            {spokenLanguages(i18n.language, profile.languages).map(({ code, name }) => (
              <li key={code}>
                <Tick
                  label={name}
                  name="languages"
                  value={code}
                  defaultChecked={profile.languages.includes(code)}
                  className="min-h-9 items-center font-normal"
                />
              </li>
            ))}
          </ul>
        </fieldset>
        <Tick
          label={t("profile.accepts")}
          hint={t("profile.acceptsHint")}
          name="acceptsNewPatients"
          defaultChecked={profile.acceptsNewPatients}
        />
      </div>
    </Card>
  );
}

/** One a line. */
export function specialtiesOf(written = ""): string[] {
  return written
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

export function fitSpecialties(written = ""): boolean {
  const lines = specialtiesOf(written);
  return lines.length <= MOST && lines.every((line) => line.length <= LONGEST);
}
