/** The way into an appointment's room: when it opens, and from then on the button. */
import { useTranslation } from "react-i18next";
import { fromNow, inWords } from "@/i18n/times";
import { EnterRoom } from "@/meeting/enter_room";
import { useNow } from "@/ui/now";
import { opensAt, phaseOf } from "./appointment_phase";
import type { Appointment } from "./queries";

const LOOKS_MS = 5_000;

export function Join({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const now = useNow(LOOKS_MS);
  const phase = phaseOf(appointment, now);
  if (phase === "off" || phase === "over") return null;
  if (appointment.video === "unavailable") return <p className="text-ink-soft">{t("join.noVideo")}</p>;
  if (phase === "early") {
    const opens = opensAt(appointment);
    return (
      <p className="text-ink-soft">
        {t("join.opens", { time: inWords(opens, "dayAndTime"), when: fromNow(opens, now) })}
      </p>
    );
  }
  return <EnterRoom appointmentId={appointment.id}>{t("join.enter")}</EnterRoom>;
}
