import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";
import { type AgreementKind, AgreementText } from "../agreement_text";
import { consentsQuery, useDecisions } from "../consents";

const KINDS: readonly AgreementKind[] = ["terms", "telehealth", "messageAnalysis", "training"];

/** Each agreement with its text and version; all but the terms can be withdrawn here. */
export function ConsentsCard() {
  const { t } = useTranslation("settings");
  const { data, error, refetch } = useQuery(consentsQuery);
  return (
    <Card title={t("privacy.consents")}>
      {error && !data && <PageProblem error={error} retry={refetch} />}
      {!data && !error && <Waiting />}
      {data && (
        <ul className="divide-y divide-line">
          {KINDS.map((kind) => {
            const consent = data[kind];
            return consent && <ConsentEntry key={kind} kind={kind} consent={consent} />;
          })}
        </ul>
      )}
    </Card>
  );
}

function ConsentEntry({ kind, consent }: { kind: AgreementKind; consent: Shape<"ShownConsent"> }) {
  const { t } = useTranslation("settings");
  const texts = useTranslation("agreements").t;
  const tell = useToast();
  const deciding = useDecisions();
  const [sure, setSure] = useState(false);
  const title = texts(`${kind}.title`);
  const outdated = consent.given && consent.version !== consent.currentVersion;
  const decide = async (given: boolean) => {
    setSure(false);
    const decision = given ? { given, version: consent.currentVersion } : { given };
    await deciding.mutateAsync({ [kind]: decision }).then(
      () => tell(t("privacy.saved")),
      () => undefined, // shown below
    );
  };
  return (
    <li className="grid gap-3 py-5 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3>{title}</h3>
        <Badge tone={consent.given ? "good" : "plain"}>
          {t(consent.given ? "privacy.agreed" : "privacy.notAgreed")}
        </Badge>
      </div>
      <p className="text-ink-soft">{texts(`${kind}.short`)}</p>
      <Facts consent={consent} />
      {deciding.error && <Message tone="problem">{problemWords(deciding.error)}</Message>}
      {outdated && <Message tone="warm">{t("privacy.newVersion")}</Message>}
      <details className="group">
        <summary className="inline-flex min-h-9 items-center text-leaf underline underline-offset-4">
          {t("privacy.read")}
          <span className="sr-only">: {title}</span>
        </summary>
        <div className="mt-2 border-l-2 border-line pl-4">
          <AgreementText kind={kind} />
        </div>
      </details>
      <div className="flex flex-wrap gap-2 empty:hidden">
        {(!consent.given || outdated) && (
          <Button look="plain" busy={deciding.isPending} onClick={() => void decide(true)}>
            <span>
              {t(outdated ? "privacy.agreeAnew" : "privacy.agree")}
              <span className="sr-only">: {title}</span>
            </span>
          </Button>
        )}
        {consent.given && consent.withdrawable && (
          <Button
            look="plain"
            busy={deciding.isPending}
            aria-label={t("privacy.withdrawNamed", { title })}
            onClick={() => setSure(true)}
          >
            {t("privacy.withdraw")}
          </Button>
        )}
      </div>
      {consent.given && !consent.withdrawable && (
        <p className="text-sm text-ink-soft">{t("privacy.lasting")}</p>
      )}
      {sure && kind !== "terms" && (
        <Withdraw kind={kind} onClose={() => setSure(false)} onSure={() => void decide(false)} />
      )}
    </li>
  );
}

function Facts({ consent }: { consent: Shape<"ShownConsent"> }) {
  const { t } = useTranslation("settings");
  const { given, givenAt, withdrawnAt, version } = consent;
  const facts = [
    given && givenAt && t("privacy.since", { date: inWords(givenAt, "date") }),
    !given && withdrawnAt && t("privacy.withdrawn", { date: inWords(withdrawnAt, "date") }),
    version && t("privacy.version", { version }),
  ].filter(Boolean);
  return facts.length ? <p className="text-sm text-ink-soft">{facts.join(" · ")}</p> : null;
}

interface Withdrawing {
  kind: Exclude<AgreementKind, "terms">;
  onClose: () => void;
  onSure: () => void;
}

function Withdraw({ kind, onClose, onSure }: Withdrawing) {
  const { t } = useTranslation("settings");
  const words = useTranslation("common").t;
  return (
    <Dialog title={t("privacy.withdrawTitle")} onClose={onClose}>
      <div className="grid gap-5">
        <p>{t(`privacy.withdrawText.${kind}`)}</p>
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {words("cancel")}
          </Button>
          <Button look="plain" onClick={onSure}>
            {t("privacy.withdraw")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
