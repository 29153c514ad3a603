/** Who came, as far as anybody knows; the therapist can set it right. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { queryClient } from "@/api/queries";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, problemWords } from "@/ui/states";
import { type Appointment, timesChanged } from "./queries";

const MARKS = ["attended", "no_show", "unknown"] as const;

interface Props {
  appointment: Appointment;
  isPatient: boolean;
}

export function Attendance({ appointment, isPatient }: Props) {
  const { t } = useTranslation("patient");
  const { attendance, patient, therapist } = appointment;
  return (
    <Card title={t("attendance.title")}>
      <div className="grid gap-4">
        {attendance && (
          <dl className="grid gap-1">
            <Person name={isPatient ? t("attendance.you") : patient.name} was={attendance.patient} />
            <Person name={isPatient ? therapist.name : t("attendance.you")} was={attendance.therapist} />
          </dl>
        )}
        {attendance?.corrected && <p className="text-sm text-ink-soft">{t("attendance.corrected")}</p>}
        {!isPatient && <Marks appointment={appointment} />}
      </div>
    </Card>
  );
}

function Person({ name, was }: { name: string; was: Shape<"PersonsAttendance"> }) {
  const { t } = useTranslation("patient");
  return (
    <div className="flex flex-wrap gap-x-2">
      <dt className="font-semibold">{name}</dt>
      <dd>
        {t(`attendance.${was.attendance}`)}
        {was.minutes !== null && <span> · {t("attendance.minutes", { count: was.minutes })}</span>}
      </dd>
    </div>
  );
}

function Marks({ appointment: { id, attendance } }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const mark = useMutation({
    mutationFn: (patient: Shape<"Attendance">) =>
      call(api.POST("/api/appointments/{id}/attendance", { params: { path: { id } }, body: { patient } })),
    onSuccess: (marked) => queryClient.setQueryData(["appointments", "one", id], marked),
    onSettled: timesChanged,
  });
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-2 font-semibold">{t("attendance.mark")}</legend>
      <div className="flex flex-wrap gap-2">
        {MARKS.map((each) => {
          const chosen = attendance?.patient.attendance === each;
          return (
            <Button
              key={each}
              look={chosen ? "main" : "plain"}
              aria-pressed={chosen}
              busy={mark.isPending && mark.variables === each}
              onClick={() => mark.mutate(each)}
            >
              {t(`attendance.set.${each}`)}
            </Button>
          );
        })}
      </div>
      {mark.error && <Message tone="problem">{problemWords(mark.error)}</Message>}
    </fieldset>
  );
}
