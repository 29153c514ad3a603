/** What would suit somebody who waits for a time. */
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useRequestKey } from "@/api/request_key";
import { dayOf, deviceZone, zoneName } from "@/i18n/times";
import { WEEKDAYS, weekdayName } from "@/pages/therapist/weekdays";
import { useProfile } from "@/session/profile";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Tick } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { addDays } from "../calendar_days";
import { midnightOf } from "../midnight";
import { timesChanged } from "../queries";

const PARTS = ["morning", "afternoon", "evening"] as const;
const USUAL_DAYS = 30;
const LONGEST_DAYS = 179;

interface Props {
  therapist: { id: string; name: string };
  onClose: () => void;
}

export function WaitDialog({ therapist, onClose }: Props) {
  const { t } = useTranslation("patient");
  const { t: common } = useTranslation("common");
  const tell = useToast();
  const joining = useRequestKey();
  const { data: profile } = useProfile();
  const today = dayOf(new Date());
  const form = useForm(
    async (given, element) => {
      const chosen = new FormData(element);
      const preferences: Shape<"WaitlistPreferences"> = {
        weekdays: chosen.getAll("weekday").map(Number),
        partsOfDay: chosen.getAll("part") as Shape<"PartOfDay">[],
      };
      // Whole days, so that a second try says the same as the first.
      const entered = {
        therapistId: therapist.id,
        earliestAt: beginOf(given.earliestAt ?? today),
        latestAt: beginOf(addDays(given.latestAt ?? today, 1)),
        preferences,
      };
      await joining.under(entered, (body, key) =>
        call(api.POST("/api/waitlist", { params: { header: { "Idempotency-Key": key } }, body })),
      );
      await timesChanged();
      tell(t("wait.joined"));
      onClose();
    },
    ({ earliestAt = "", latestAt = "" }) => {
      if (!earliestAt) return { earliestAt: common("needed") };
      if (!latestAt) return { latestAt: common("needed") };
      return latestAt < earliestAt ? { latestAt: t("wait.backwards") } : {};
    },
  );
  return (
    <Dialog title={t("wait.title")} onClose={onClose}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("wait.explained", { name: therapist.name })}</p>
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t("wait.earliest")}
            name="earliestAt"
            type="date"
            min={today}
            max={addDays(today, LONGEST_DAYS)}
            defaultValue={today}
            fault={form.faultOf("earliestAt")}
          />
          <Field
            label={t("wait.latest")}
            name="latestAt"
            type="date"
            min={today}
            max={addDays(today, LONGEST_DAYS)}
            defaultValue={addDays(today, USUAL_DAYS)}
            fault={form.faultOf("latestAt")}
          />
        </div>
        <fieldset>
          <legend className="mb-1 font-semibold">{t("wait.whichDays")}</legend>
          <p className="mb-2 text-sm text-ink-soft">
            {t("wait.noneIsAny")}
            {profile && profile.timeZone !== deviceZone() && (
              <span> {t("wait.clock", { zone: zoneName(profile.timeZone) })}</span>
            )}
          </p>
          <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
            {WEEKDAYS.map((weekday) => (
              <Tick key={weekday} label={weekdayName(weekday)} name="weekday" value={weekday} />
            ))}
          </div>
        </fieldset>
        <fieldset>
          <legend className="mb-2 font-semibold">{t("wait.whichParts")}</legend>
          <div className="grid gap-2 sm:grid-cols-3">
            {PARTS.map((part) => (
              <Tick key={part} label={t(`wait.part.${part}`)} name="part" value={part} />
            ))}
          </div>
        </fieldset>
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button type="submit" busy={form.busy}>
            {t("wait.go")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The instant at which a day begins by this device's clock. */
function beginOf(day: string): string {
  return new Date(midnightOf(day, deviceZone())).toISOString();
}
