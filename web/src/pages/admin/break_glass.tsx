/** One patient's record opened for a reason and an hour, and the colleagues' review of it. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { useRequestKey } from "@/api/request_key";
import { inWords } from "@/i18n/times";
import { useSession } from "@/session/session";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Select, TextArea, Tick } from "@/ui/field";
import { useForm } from "@/ui/form";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, Message, PageProblem, problemWords, Waiting } from "@/ui/states";
import { OpenedRecord } from "./opened_record";
import { type FoundPatient, PatientSearch } from "./patient_search";

type Grant = Shape<"ShownGrant">;
const GRANTS = ["break-glass"] as const;
const REASONS: readonly Shape<"BreakGlassReason">[] = [
  "emergency",
  "care-interrupted",
  "asked-by-patient",
  "complaint",
  "legal",
  "security",
];
const OUTCOMES: readonly Shape<"ReviewOutcome">[] = ["justified", "follow-up", "not-justified"];
const SHORTEST_REASON = 10;
const TONES = { open: "warm", "awaiting-review": "plain", overdue: "grave", reviewed: "good" } as const;

export default function BreakGlassPage() {
  const { t } = useTranslation("admin");
  const [reading, setReading] = useState<Grant | null>(null);
  const [asking, setAsking] = useState(false);
  if (reading) return <OpenedRecord grant={reading} onBack={() => setReading(null)} />;
  return (
    <Page
      title={t("breakGlass.title")}
      lead={t("breakGlass.lead")}
      aside={<Button onClick={() => setAsking(true)}>{t("breakGlass.ask")}</Button>}
    >
      <Grants onRead={setReading} />
      {asking && <AskDialog onClose={() => setAsking(false)} />}
    </Page>
  );
}

function AskDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const opening = useRequestKey();
  const [patient, setPatient] = useState<FoundPatient | null>(null);
  const form = useForm(
    async (given) => {
      if (!patient) return;
      const body = {
        patientId: patient.id,
        reasonCode: given.reasonCode as Shape<"BreakGlassReason">,
        reason: given.reason ?? "",
        tellPatient: given.tellPatient === "on",
      };
      await opening.under(body, (entered, key) => {
        const params = { header: { "Idempotency-Key": key } };
        return proven(() => call(api.POST("/api/admin/break-glass", { params, body: entered })));
      });
      await store.invalidateQueries({ queryKey: GRANTS });
      onClose();
    },
    ({ reason = "" }) => (reason.trim().length < SHORTEST_REASON ? { reason: t("breakGlass.whyShort") } : {}),
  );
  return (
    <Dialog title={t("breakGlass.ask")} onClose={onClose}>
      <div className="grid gap-4">
        <p className="text-ink-soft">{t("breakGlass.askLead")}</p>
        {patient ? (
          <div className="flex flex-wrap items-center justify-between gap-2 rounded-control bg-raised px-4 py-2">
            <p>
              <span className="block text-sm text-ink-soft">{t("breakGlass.chosen")}</span>
              <strong>{patient.name}</strong> <span className="break-all">{patient.email}</span>
            </p>
            <Button look="link" size="text" onClick={() => setPatient(null)}>
              {t("breakGlass.another")}
            </Button>
          </div>
        ) : (
          <PatientSearch onChoose={setPatient} />
        )}
        {patient && (
          <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
            {form.failure && <Message tone="problem">{form.failure}</Message>}
            <Select label={t("breakGlass.reasonCode")} name="reasonCode">
              {REASONS.map((reason) => (
                <option key={reason} value={reason}>
                  {t(`breakGlass.reasons.${reason}`)}
                </option>
              ))}
            </Select>
            <TextArea
              label={t("breakGlass.why")}
              hint={t("breakGlass.whyHint")}
              name="reason"
              maxLength={1000}
              fault={form.faultOf("reason")}
            />
            <Tick
              label={t("breakGlass.tell")}
              hint={t("breakGlass.tellHint")}
              name="tellPatient"
              defaultChecked
            />
            <div className="flex flex-wrap justify-end gap-2">
              <Button look="quiet" onClick={onClose}>
                {t("common:cancel")}
              </Button>
              <Button type="submit" busy={form.busy}>
                {t("breakGlass.open")}
              </Button>
            </div>
          </form>
        )}
      </div>
    </Dialog>
  );
}

function Grants({ onRead }: { onRead: (grant: Grant) => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const [reviewing, setReviewing] = useState<Grant | null>(null);
  const asked = useInfiniteQuery({
    queryKey: GRANTS,
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/admin/break-glass", { params: { query: { cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const grants = asked.data.pages.flatMap((page) => page.items);
  return (
    <Card title={t("breakGlass.records")}>
      {grants.length === 0 && <Empty>{t("breakGlass.none")}</Empty>}
      <ul className="grid gap-3">
        {grants.map((grant) => (
          <li key={grant.id} className="rounded-control border p-4">
            <GrantCard grant={grant} onRead={() => onRead(grant)} onReview={() => setReviewing(grant)} />
          </li>
        ))}
      </ul>
      <MoreButton asked={asked} />
      {reviewing && <ReviewDialog grant={reviewing} onClose={() => setReviewing(null)} />}
    </Card>
  );
}

function GrantCard({ grant, onRead, onReview }: { grant: Grant; onRead: () => void; onReview: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const { data: session } = useSession();
  const store = useQueryClient();
  const mine = grant.administrator.id === session?.user.id;
  const end = useMutation({
    mutationFn: () =>
      call(api.POST("/api/admin/break-glass/{id}/end", { params: { path: { id: grant.id } } })),
    onSuccess: () => store.invalidateQueries({ queryKey: GRANTS }),
  });
  const { review } = grant;
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <strong>
          {t("breakGlass.by", { administrator: grant.administrator.name, patient: grant.patient.name })}
        </strong>
        <Badge tone={TONES[grant.state]}>{t(`breakGlass.states.${grant.state}`)}</Badge>
      </div>
      <p>
        {t(`breakGlass.reasons.${grant.reasonCode}`)}: {grant.reason}
      </p>
      <p className="text-sm text-ink-soft">
        {grant.state === "open"
          ? t("breakGlass.until", { time: inWords(grant.expiresAt, "dayAndTime") })
          : t("breakGlass.endedAt", { time: inWords(grant.endedAt ?? grant.expiresAt, "dayAndTime") })}
        {" · "}
        {t(grant.patientTold ? "breakGlass.told" : "breakGlass.notTold")}
        {!review.reviewedAt &&
          ` · ${t("breakGlass.reviewBy", { time: inWords(review.dueAt, "dayAndTime") })}`}
      </p>
      {review.reviewedBy && review.outcome && (
        <p className="text-sm">
          {t("breakGlass.reviewed", {
            name: review.reviewedBy.name,
            outcome: t(`breakGlass.outcomes.${review.outcome}`),
          })}
          {review.note && ` – ${review.note}`}
        </p>
      )}
      {end.error && <Message tone="problem">{problemWords(end.error)}</Message>}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {grant.state === "open" && mine && <Button onClick={onRead}>{t("breakGlass.read")}</Button>}
        {grant.state === "open" && (
          <Button look="plain" busy={end.isPending} onClick={() => end.mutate()}>
            {t("breakGlass.end")}
          </Button>
        )}
        {(grant.state === "awaiting-review" || grant.state === "overdue") && !mine && (
          <Button look="plain" onClick={onReview}>
            {t("breakGlass.review")}
          </Button>
        )}
      </div>
    </div>
  );
}

function ReviewDialog({ grant, onClose }: { grant: Grant; onClose: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const form = useForm(
    async (given) => {
      const body = { outcome: given.outcome as Shape<"ReviewOutcome">, note: given.note ?? "" };
      const params = { path: { id: grant.id } };
      await proven(() => call(api.POST("/api/admin/break-glass/{id}/review", { params, body })));
      await store.invalidateQueries({ queryKey: GRANTS });
      onClose();
    },
    ({ note = "" }) => (note.trim().length < SHORTEST_REASON ? { note: t("breakGlass.whyShort") } : {}),
  );
  return (
    <Dialog title={t("breakGlass.reviewTitle")} onClose={onClose}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <p>
          {t("breakGlass.by", { administrator: grant.administrator.name, patient: grant.patient.name })}:{" "}
          {grant.reason}
        </p>
        <Select label={t("breakGlass.outcome")} name="outcome">
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {t(`breakGlass.outcomes.${outcome}`)}
            </option>
          ))}
        </Select>
        <TextArea label={t("breakGlass.note")} name="note" maxLength={1000} fault={form.faultOf("note")} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" busy={form.busy}>
            {t("breakGlass.send")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
