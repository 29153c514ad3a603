/** Why somebody calls something off: reasons that are theirs to give. */
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Select } from "@/ui/field";

const ANYONES = ["patient_request", "illness", "technical", "other"] as const;
const THERAPISTS = ["therapist_unavailable", "illness", "technical", "patient_request", "other"] as const;

interface Props {
  isPatient: boolean;
  value: Shape<"CancelReason">;
  onChange: (reason: Shape<"CancelReason">) => void;
}

/** What is chosen at first. */
export function usualReason(isPatient: boolean): Shape<"CancelReason"> {
  return isPatient ? "patient_request" : "therapist_unavailable";
}

export function CancelReason({ isPatient, value, onChange }: Props) {
  const { t } = useTranslation("patient");
  return (
    <Select
      label={t("cancel.reason")}
      hint={t("cancel.reasonHint")}
      value={value}
      onChange={(event) => onChange(event.target.value as Shape<"CancelReason">)}
    >
      {(isPatient ? ANYONES : THERAPISTS).map((reason) => (
        <option key={reason} value={reason}>
          {t(isPatient ? `cancel.patient.${reason as "other"}` : `cancel.therapist.${reason}`)}
        </option>
      ))}
    </Select>
  );
}
