import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { queryClient } from "@/api/queries";
import { dayOf } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { faultsOf } from "./licence_rules";
import type { Licence } from "./own_queries";

interface Props {
  licence: Licence;
  /** One stands or waits already, and this one takes its place. */
  isChange: boolean;
  onSent: () => void;
}

/** Sends a licence to be checked. */
export function LicenceForm({ licence, isChange, onSent }: Props) {
  const { t } = useTranslation("therapist");
  const tell = useToast();
  const today = dayOf(new Date());
  const form = useForm(
    async ({ licenceNumber = "", region = "", expiresOn = "" }) => {
      const body = { licenceNumber, region, expiresOn };
      const kept = await call(api.POST("/api/user/credentials", { body }));
      queryClient.setQueryData(["credentials"], kept);
      void queryClient.invalidateQueries({ queryKey: ["profile"] });
      tell(t("credentials.sent"));
      onSent();
    },
    (given) =>
      Object.fromEntries(faultsOf(given, today).map((field) => [field, t(`credentials.${WRONG[field]}`)])),
  );
  const { faultOf } = form;
  return (
    <Card title={t(isChange ? "credentials.changeTitle" : "credentials.sendTitle")}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        {isChange && <Message tone="warm">{t("credentials.changeWhy")}</Message>}
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <Field
          label={t("credentials.number")}
          name="licenceNumber"
          defaultValue={licence.licenceNumber ?? ""}
          autoComplete="off"
          autoCapitalize="characters"
          maxLength={40}
          required
          fault={faultOf("licenceNumber")}
        />
        <Field
          label={t("credentials.region")}
          hint={t("credentials.regionHint")}
          name="region"
          defaultValue={licence.region ?? ""}
          autoComplete="address-level1"
          maxLength={60}
          required
          fault={faultOf("region")}
        />
        <Field
          label={t("credentials.expiresOn")}
          name="expiresOn"
          type="date"
          min={today}
          defaultValue={licence.expiresOn ?? ""}
          required
          fault={faultOf("expiresOn")}
        />
        <div>
          <Button type="submit" busy={form.busy}>
            {t("credentials.send")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

const WRONG = {
  licenceNumber: "numberWrong",
  region: "regionWrong",
  expiresOn: "expiresWrong",
} as const;
