import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Tick } from "@/ui/field";
import { useForm } from "@/ui/form";
import { Message } from "@/ui/states";
import { type AgreementKind, AgreementText } from "./agreement_text";
import { useDecisions } from "./consents";

interface Props {
  consents: Shape<"Consents">;
  onDone: () => void;
}

/**
 * All agreements at once, each decided on its own. Nothing is chosen beforehand: about the analysis of messages somebody
 * says yes or no, and training stays off unless it is ticked.
 */
export function Agreements({ consents, onDone }: Props) {
  const { t } = useTranslation("settings");
  const texts = useTranslation("agreements").t;
  const deciding = useDecisions();
  const { busy, failure, faultOf, onSubmit } = useForm(
    async (given) => {
      await deciding.mutateAsync(decisionsOf(consents, given));
      onDone();
    },
    (given) => ({
      terms: given.terms ? undefined : t("started.termsNeeded"),
      messageAnalysis:
        consents.messageAnalysis && !given.messageAnalysis ? t("started.chooseAnalysis") : undefined,
    }),
  );
  return (
    <Card title={t("started.consents")}>
      <form onSubmit={onSubmit} className="grid gap-6" noValidate>
        <p className="text-ink-soft">{t("started.consentsText")}</p>
        {failure && <Message tone="problem">{failure}</Message>}
        <Part kind="terms" needed>
          <Tick
            name="terms"
            label={t("started.yes")}
            defaultChecked={consents.terms.given}
            fault={faultOf("terms")}
            aria-label={`${texts("terms.title")}: ${t("started.yes")}`}
          />
        </Part>
        {consents.telehealth && (
          <Part kind="telehealth">
            <Tick
              name="telehealth"
              label={t("started.yes")}
              defaultChecked={consents.telehealth.given}
              aria-label={`${texts("telehealth.title")}: ${t("started.yes")}`}
            />
          </Part>
        )}
        {consents.messageAnalysis && (
          <Part kind="messageAnalysis">
            <YesOrNo
              name="messageAnalysis"
              legend={texts("messageAnalysis.title")}
              chosen={consents.messageAnalysis.given ? "yes" : undefined}
              fault={faultOf("messageAnalysis")}
            />
          </Part>
        )}
        {consents.training && (
          <Part kind="training">
            <Tick
              name="training"
              label={t("started.yes")}
              defaultChecked={consents.training.given}
              aria-label={`${texts("training.title")}: ${t("started.yes")}`}
            />
          </Part>
        )}
        <p>
          <Button type="submit" busy={busy}>
            {t("started.goOn")}
          </Button>
        </p>
      </form>
    </Card>
  );
}

function Part({
  kind,
  needed = false,
  children,
}: {
  kind: AgreementKind;
  needed?: boolean;
  children: React.ReactNode;
}) {
  const { t } = useTranslation("settings");
  const texts = useTranslation("agreements").t;
  return (
    <section className="grid gap-3 border-t pt-5">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3>{texts(`${kind}.title`)}</h3>
        <Badge tone={needed ? "warm" : "plain"}>{t(needed ? "started.needed" : "started.choice")}</Badge>
      </div>
      <p className="text-ink-soft">{texts(`${kind}.short`)}</p>
      <details>
        <summary className="inline-flex min-h-9 items-center text-leaf underline underline-offset-4">
          {t("privacy.read")}
          <span className="sr-only">: {texts(`${kind}.title`)}</span>
        </summary>
        <div className="mt-2 border-l-2 border-line pl-4">
          <AgreementText kind={kind} />
        </div>
      </details>
      {children}
    </section>
  );
}

interface Choice {
  name: string;
  legend: string;
  chosen?: "yes" | "no";
  fault?: string;
}

function YesOrNo({ name, legend, chosen, fault }: Choice) {
  const { t } = useTranslation("settings");
  return (
    <fieldset aria-describedby={fault ? `${name}-fault` : undefined}>
      <legend className="sr-only">{legend}</legend>
      <div className="flex flex-wrap gap-x-6 gap-y-2">
        {(["yes", "no"] as const).map((value) => (
          <label key={value} className="flex min-h-11 items-center gap-3 font-semibold">
            <input
              type="radio"
              name={name}
              value={value}
              defaultChecked={chosen === value}
              className="size-5 accent-leaf"
            />
            {t(`started.${value}`)}
          </label>
        ))}
      </div>
      {fault && (
        <p id={`${name}-fault`} className="text-sm font-semibold text-petal">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

function decisionsOf(consents: Shape<"Consents">, given: Record<string, string>): Shape<"Decisions"> {
  const decided = (kind: AgreementKind, yes: boolean) => {
    const consent = consents[kind];
    return consent && { [kind]: yes ? { given: true, version: consent.currentVersion } : { given: false } };
  };
  return {
    ...decided("terms", given.terms === "on"),
    ...decided("telehealth", given.telehealth === "on"),
    ...decided("messageAnalysis", given.messageAnalysis === "yes"),
    ...decided("training", given.training === "on"),
  };
}
