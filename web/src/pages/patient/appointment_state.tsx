/** Where an appointment stands, as a badge. */
import { useTranslation } from "react-i18next";
import { Badge } from "@/ui/badge";
import type { Appointment } from "./queries";

const TONES = {
  held: "warm",
  pending: "plain",
  booked: "good",
  in_session: "good",
  completed: "plain",
  cancelled: "warm",
  no_show: "warm",
  expired: "plain",
} as const;

export function AppointmentState({ status }: Pick<Appointment, "status">) {
  const { t } = useTranslation("patient");
  return <Badge tone={TONES[status]}>{t(`status.${status}`)}</Badge>;
}
