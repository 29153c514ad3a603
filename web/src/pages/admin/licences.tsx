/** Therapists' licences that wait for a look: approved, or sent back with a reason the therapist reads. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { useStepUp } from "@/session/step_up";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Select, TextArea } from "@/ui/field";
import { useForm } from "@/ui/form";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, Message, PageProblem, Waiting } from "@/ui/states";
import { useToast } from "@/ui/toast";

type Licence = Shape<"ReviewedLicence">;
const STATUSES = ["pending", "verified", "rejected"] as const;
const TONES = { pending: "warm", verified: "good", rejected: "grave", unsubmitted: "plain" } as const;

export default function LicencesPage() {
  const { t } = useTranslation(["admin", "common"]);
  const [status, setStatus] = useState<(typeof STATUSES)[number]>("pending");
  const [open, setOpen] = useState<Licence | null>(null);
  const asked = useInfiniteQuery({
    queryKey: ["licences", status],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/admin/therapists/credentials", { params: { query: { status, cursor: pageParam } } }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const licences = asked.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t("licences.title")} lead={t("licences.lead")}>
      <Select
        label={t("licences.filter")}
        className="max-w-xs"
        value={status}
        onChange={(event) => setStatus(event.target.value as typeof status)}
      >
        {STATUSES.map((each) => (
          <option key={each} value={each}>
            {t(`licences.statuses.${each}`)}
          </option>
        ))}
      </Select>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.isSuccess && licences.length === 0 && <Empty>{t(`licences.none.${status}`)}</Empty>}
      <ul className="grid gap-4">
        {licences.map((licence) => (
          <li key={licence.therapistId}>
            <Card
              title={licence.name}
              aside={<Badge tone={TONES[licence.status]}>{t(`licences.statuses.${licence.status}`)}</Badge>}
            >
              <Facts licence={licence} />
              {licence.status === "pending" && (
                <Button className="mt-4" onClick={() => setOpen(licence)}>
                  {t("licences.decide")}
                </Button>
              )}
            </Card>
          </li>
        ))}
      </ul>
      <MoreButton asked={asked} />
      {open && <DecideDialog licence={open} onClose={() => setOpen(null)} />}
    </Page>
  );
}

function Facts({ licence }: { licence: Licence }) {
  const { t } = useTranslation("admin");
  const facts = [
    { name: t("licences.number"), value: licence.licenceNumber },
    { name: t("licences.region"), value: licence.region },
    {
      name: t("licences.expires"),
      value: licence.expiresOn && inWords(`${licence.expiresOn}T12:00:00Z`, "date", "UTC"),
    },
    { name: t("licences.submitted"), value: licence.submittedAt && fromNow(licence.submittedAt) },
    { name: t("licences.reason"), value: licence.rejectionReason },
  ];
  return (
    <dl className="grid gap-3 sm:grid-cols-2">
      {facts.map(
        ({ name, value }) =>
          value && (
            <div key={name}>
              <dt className="text-sm text-ink-soft">{name}</dt>
              <dd className="break-words">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function DecideDialog({ licence, onClose }: { licence: Licence; onClose: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  const store = useQueryClient();
  const proven = useStepUp();
  const tell = useToast();
  const [decision, setDecision] = useState<Shape<"Verdict">>("approve");
  const form = useForm(
    async ({ reason }) => {
      const body = {
        decision,
        reason: decision === "reject" ? reason : null,
        submittedAt: licence.submittedAt ?? "",
      };
      const params = { path: { id: licence.therapistId } };
      await proven(() => call(api.POST("/api/admin/therapists/{id}/credentials", { params, body })));
      await store.invalidateQueries({ queryKey: ["licences"] });
      tell(t(`licences.done.${decision}`, { name: licence.name }));
      onClose();
    },
    ({ reason = "" }) =>
      decision === "reject" && !reason.trim() ? { reason: t("licences.reasonNeeded") } : {},
  );
  return (
    <Dialog title={t("licences.decideOn", { name: licence.name })} onClose={onClose}>
      <form onSubmit={form.onSubmit} className="grid gap-4" noValidate>
        <p className="text-ink-soft">{t("licences.how")}</p>
        <Facts licence={licence} />
        {form.failure && <Message tone="problem">{form.failure}</Message>}
        <fieldset className="grid gap-2">
          <legend className="mb-1 font-semibold">{t("licences.decision")}</legend>
          {(["approve", "reject"] as const).map((each) => (
            <label key={each} className="flex min-h-11 items-center gap-3">
              <input
                type="radio"
                name="decision"
                value={each}
                checked={decision === each}
                onChange={() => setDecision(each)}
                className="size-5 accent-leaf"
              />
              {t(`licences.${each}`)}
            </label>
          ))}
        </fieldset>
        {decision === "reject" && (
          <TextArea
            label={t("licences.reason")}
            hint={t("licences.reasonHint")}
            name="reason"
            maxLength={1000}
            fault={form.faultOf("reason")}
          />
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" busy={form.busy}>
            {t("licences.keep")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
