import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { deviceZone, zoneName } from "@/i18n/times";
import { Field, Select } from "@/ui/field";
import { timeZones } from "./time_zones";

/** In what language somebody's mails may be. */
const MAIL_LANGUAGES = { en: "English", es: "Español" };

interface Props {
  profile: Shape<"ShownPatient"> | Shape<"ShownTherapist"> | Shape<"ShownAdministrator">;
  faultOf: (field: string) => string | undefined;
}

/** What every account has: a name, a time zone, a language. */
export function AccountFields({ profile, faultOf }: Props) {
  const { t } = useTranslation("settings");
  const known = profile.language.slice(0, 2) in MAIL_LANGUAGES;
  return (
    <>
      <Field
        label={t("profile.name")}
        hint={t("profile.nameHint")}
        name="name"
        defaultValue={profile.name}
        autoComplete="name"
        maxLength={200}
        fault={faultOf("name")}
      />
      <Field
        label={t("profile.email")}
        hint={t("profile.emailHint")}
        value={profile.email}
        readOnly
        type="email"
      />
      <TimeZoneField chosen={profile.timeZone} fault={faultOf("timeZone")} />
      <Select
        label={t("profile.language")}
        hint={t("profile.languageHint")}
        name="language"
        defaultValue={known ? profile.language.slice(0, 2) : profile.language}
        fault={faultOf("language")}
      >
        {Object.entries(MAIL_LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
        {!known && <option value={profile.language}>{profile.language}</option>}
      </Select>
    </>
  );
}

/** All zones of the IANA's list. */
export function TimeZoneField({ chosen, fault }: { chosen: string; fault?: string }) {
  const { t } = useTranslation("settings");
  const groups = useMemo(() => timeZones(chosen), [chosen]);
  return (
    <Select
      label={t("profile.timeZone")}
      hint={t("profile.timeZoneHint", { zone: zoneName(deviceZone()) })}
      name="timeZone"
      defaultValue={chosen}
      fault={fault}
    >
      {[...groups].map(([part, zones]) => (
        <optgroup key={part} label={part}>
          {zones.map(({ id, words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  );
}
