import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Field, Select } from "@/ui/field";
import { countries } from "./names";
import { contactGiven, isPhone } from "./patient_fields";

interface Props {
  profile: Shape<"ShownPatient">;
  faultOf: (field: string) => string | undefined;
}

/** What a therapist needs to know to care for somebody safely. */
export function PatientFields({ profile, faultOf }: Props) {
  const { t, i18n } = useTranslation("settings");
  return (
    <>
      <Field
        label={t("profile.birthDate")}
        name="birthDate"
        type="date"
        defaultValue={profile.birthDate ?? ""}
        autoComplete="bday"
        fault={faultOf("birthDate")}
      />
      <Field
        label={t("profile.phone")}
        hint={t("profile.phoneHint")}
        name="phone"
        type="tel"
        defaultValue={profile.phone ?? ""}
        autoComplete="tel"
        maxLength={40}
        fault={faultOf("phone")}
      />
      <Select
        label={t("profile.country")}
        hint={t("profile.countryHint")}
        name="country"
        defaultValue={profile.country ?? ""}
        autoComplete="country"
        fault={faultOf("country")}
      >
        <option value="">{t("profile.countryNone")}</option>
        {countries(i18n.language).map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </Select>
      <ContactFields contact={profile.emergencyContact ?? null} faultOf={faultOf} />
    </>
  );
}

interface Contact {
  contact: Shape<"EmergencyContact"> | null;
  faultOf: (field: string) => string | undefined;
}

function ContactFields({ contact, faultOf }: Contact) {
  const { t } = useTranslation("settings");
  return (
    <fieldset className="grid gap-4 rounded-control border border-line p-4" aria-describedby="contact-hint">
      <legend className="px-1 font-semibold">{t("profile.contact")}</legend>
      <p id="contact-hint" className="text-sm text-ink-soft">
        {t("profile.contactHint")}
      </p>
      <Field
        label={t("profile.contactName")}
        name="contactName"
        defaultValue={contact?.name ?? ""}
        autoComplete="off"
        maxLength={200}
        fault={faultOf("contactName")}
      />
      <Field
        label={t("profile.contactPhone")}
        name="contactPhone"
        type="tel"
        defaultValue={contact?.phone ?? ""}
        autoComplete="off"
        maxLength={40}
        fault={faultOf("contactPhone")}
      />
      <Field
        label={t("profile.contactRelationship")}
        hint={t("profile.contactRelationshipHint")}
        name="contactRelationship"
        defaultValue={contact?.relationship ?? ""}
        autoComplete="off"
        maxLength={100}
        fault={faultOf("contactRelationship")}
      />
    </fieldset>
  );
}

/** What is wrong with a patient's fields before they are sent. */
export function usePatientFaults() {
  const { t } = useTranslation("settings");
  const phone = (written = "") =>
    !written.trim() || isPhone(written) ? undefined : t("profile.faults.phone");
  return (given: Record<string, string>) => {
    const some = contactGiven(given) === "some";
    const missing = (name: string) =>
      some && !given[name]?.trim() ? t("profile.contactTogether") : undefined;
    return {
      phone: phone(given.phone),
      contactName: missing("contactName"),
      contactPhone: missing("contactPhone") ?? phone(given.contactPhone),
      contactRelationship: missing("contactRelationship"),
    };
  };
}

/** Words for what the server refuses. */
export function usePatientRefusals() {
  const { t } = useTranslation("settings");
  return {
    phone: t("profile.faults.phone"),
    contactPhone: t("profile.faults.phone"),
    birthDate: t("profile.faults.birthDate"),
  };
}
