/** Every version that is known, its figures, and why one goes ahead or does not. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useRequestKey } from "@/api/request_key";
import { inWords } from "@/i18n/times";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { ShareBars } from "@/ui/share_bars";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";
import { useClassName } from "./class_name";
import { f1ByClass, numberAt, shareInWords } from "./figures";
import { Pictures } from "./pictures";

type Model = Shape<"ShownModel">;
const TONES = {
  champion: "good",
  challenger: "warm",
  candidate: "plain",
  retired: "plain",
  rejected: "plain",
} as const;

export function Versions() {
  const { t } = useTranslation("admin");
  const [shown, setShown] = useState<Model | null>(null);
  const asked = useQuery({ queryKey: ["ml", "models"], queryFn: () => call(api.GET("/api/ml/models")) });
  const columns = ["name", "status", "macroF1", "accuracy", "sensitivity", "since"] as const;
  return (
    <Card title={t("models.versions")}>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.data?.items.length === 0 && <Empty>{t("models.noVersions")}</Empty>}
      {Boolean(asked.data?.items.length) && (
        <Table name={t("models.versions")} columns={columns.map((column) => t(`models.columns.${column}`))}>
          {asked.data?.items.map((model) => (
            <tr key={model.id}>
              <Cell>
                <Button
                  look="link"
                  size="text"
                  className="min-w-36 justify-start text-left break-all"
                  onClick={() => setShown(model)}
                >
                  {model.name}
                </Button>
              </Cell>
              <Cell>
                <Badge tone={TONES[model.status]}>{t(`models.statuses.${model.status}`)}</Badge>
              </Cell>
              <Cell>{shareInWords(numberAt(model.metrics, "macroF1"))}</Cell>
              <Cell>{shareInWords(numberAt(model.metrics, "accuracy"))}</Cell>
              <Cell>{shareInWords(numberAt(model.metrics, "risk.high.sensitivity.value"))}</Cell>
              <Cell>{inWords(model.promotedAt ?? model.createdAt, "date")}</Cell>
            </tr>
          ))}
        </Table>
      )}
      {shown && <ModelDialog model={shown} onClose={() => setShown(null)} />}
    </Card>
  );
}

function ModelDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const { t } = useTranslation("admin");
  const className = useClassName();
  const classes = f1ByClass(model.metrics);
  return (
    <Dialog title={t("models.details", { name: model.name })} onClose={onClose}>
      <div className="grid gap-5">
        {model.verdict && <Verdict verdict={model.verdict} />}
        {model.verdict?.verdict === "ahead" && model.status === "candidate" && (
          <TryIt model={model} onDone={onClose} />
        )}
        {model.verdict?.verdict === "ahead" && model.status === "rejected" && (
          <TryAgain model={model} onDone={onClose} />
        )}
        <Pictures modelId={model.id}>
          {classes.length > 0 && (
            <section className="grid gap-2">
              <h3>{t("models.f1")}</h3>
              <p className="text-sm text-ink-soft">{t("models.f1Words")}</p>
              <ShareBars
                name={t("models.f1")}
                shares={classes.map(([name, value]) => ({
                  name: className(name),
                  value,
                  words: shareInWords(value),
                  marked: name === "Suicidal",
                }))}
              />
            </section>
          )}
        </Pictures>
      </div>
    </Dialog>
  );
}

function Verdict({ verdict }: { verdict: Shape<"KeptVerdict"> }) {
  const { t } = useTranslation("admin");
  const changes = [
    { name: t("models.changeF1"), change: verdict.macroF1 },
    { name: t("models.changeRisk"), change: verdict.riskSensitivity },
  ];
  return (
    <section className="grid gap-2">
      <h3>{t(`models.verdicts.${verdict.verdict}`)}</h3>
      {verdict.reasons.length > 0 && (
        <ul className="list-disc pl-5">
          {verdict.reasons.map((reason) => (
            <li key={reason}>{t(`models.reasons.${reason}`)}</li>
          ))}
        </ul>
      )}
      <dl className="grid gap-2 sm:grid-cols-2">
        {changes.map(
          ({ name, change }) =>
            change && (
              <div key={name}>
                <dt className="text-sm text-ink-soft">{name}</dt>
                <dd>
                  {t("models.change", {
                    value: shareInWords(change.value),
                    lower: shareInWords(change.lower),
                    upper: shareInWords(change.upper),
                  })}
                </dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}

function TryIt({ model, onDone }: { model: Model; onDone: () => void }) {
  const { t } = useTranslation("admin");
  const store = useQueryClient();
  const proven = useStepUp();
  const starting = useRequestKey();
  const start = useMutation({
    mutationFn: () =>
      starting.under({ modelId: model.id }, (body, key) =>
        proven(() =>
          call(api.POST("/api/ml/rollouts", { params: { header: { "Idempotency-Key": key } }, body })),
        ),
      ),
    onSuccess: async () => {
      await store.invalidateQueries({ queryKey: ["ml"] });
      onDone();
    },
  });
  return (
    <div className="grid justify-items-start gap-2">
      {start.error && <Message tone="problem">{problemWords(start.error)}</Message>}
      <Button busy={start.isPending} onClick={() => start.mutate()}>
        {t("models.tryIt")}
      </Button>
    </div>
  );
}

/** A version that was ahead and that a rollout took back: an administrator may have it be a candidate again. */
function TryAgain({ model, onDone }: { model: Model; onDone: () => void }) {
  const { t } = useTranslation("admin");
  const store = useQueryClient();
  const proven = useStepUp();
  const again = useMutation({
    mutationFn: () =>
      proven(() => call(api.POST("/api/ml/models/{id}/try-again", { params: { path: { id: model.id } } }))),
    onSuccess: async () => {
      await store.invalidateQueries({ queryKey: ["ml"] });
      onDone();
    },
  });
  return (
    <div className="grid justify-items-start gap-2">
      <p>{t("models.tryAgainWords")}</p>
      {again.error && <Message tone="problem">{problemWords(again.error)}</Message>}
      <Button look="quiet" busy={again.isPending} onClick={() => again.mutate()}>
        {t("models.tryAgain")}
      </Button>
    </div>
  );
}
