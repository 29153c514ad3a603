/** What an administrator reads of a record that they opened: appointments, conversations, alerts. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";

type Grant = Shape<"ShownGrant">;

export function OpenedRecord({ grant, onBack }: { grant: Grant; onBack: () => void }) {
  const { t } = useTranslation("admin");
  return (
    <Page
      title={t("breakGlass.record.title", { name: grant.patient.name })}
      lead={t("breakGlass.until", { time: inWords(grant.expiresAt, "dayAndTime") })}
      aside={
        <Button look="plain" onClick={onBack}>
          {t("breakGlass.record.back")}
        </Button>
      }
    >
      <Conversations patient={grant.patient} />
      <Appointments patientId={grant.patient.id} />
      <Alerts patientId={grant.patient.id} />
    </Page>
  );
}

function Listed({
  title,
  asked,
  empty,
  children,
}: {
  title: string;
  asked: { isPending: boolean; error: unknown; refetch: () => unknown };
  empty: string | false;
  children: ReactNode;
}) {
  return (
    <Card title={title}>
      {asked.isPending && <Waiting />}
      {Boolean(asked.error) && <PageProblem error={asked.error} retry={asked.refetch} />}
      {empty && <Empty>{empty}</Empty>}
      {children}
    </Card>
  );
}

function Appointments({ patientId }: { patientId: string }) {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["record", patientId, "appointments"],
    queryFn: () =>
      call(api.GET("/api/admin/patients/{id}/appointments", { params: { path: { id: patientId } } })),
  });
  return (
    <Listed
      title={t("breakGlass.record.appointments")}
      asked={asked}
      empty={asked.data?.items.length === 0 && t("breakGlass.record.noAppointments")}
    >
      <ul className="grid gap-2">
        {asked.data?.items.map((appointment) => (
          <li key={appointment.id} className="flex flex-wrap gap-x-3">
            <span className="font-semibold">{inWords(appointment.startAt, "dayAndTime")}</span>
            <span>{t("breakGlass.record.with", { name: appointment.therapist.name })}</span>
            <Badge>{t(`breakGlass.record.statuses.${appointment.status}`)}</Badge>
          </li>
        ))}
      </ul>
    </Listed>
  );
}

function Alerts({ patientId }: { patientId: string }) {
  const { t } = useTranslation("admin");
  const asked = useQuery({
    queryKey: ["record", patientId, "alerts"],
    queryFn: () => call(api.GET("/api/admin/patients/{id}/alerts", { params: { path: { id: patientId } } })),
  });
  return (
    <Listed
      title={t("breakGlass.record.alerts")}
      asked={asked}
      empty={asked.data?.items.length === 0 && t("breakGlass.record.noAlerts")}
    >
      <ul className="grid gap-2">
        {asked.data?.items.map((alert) => (
          <li key={alert.id} className="flex flex-wrap items-center gap-3">
            <span className="font-semibold">{inWords(alert.openedAt, "dayAndTime")}</span>
            <Badge>{t(`alerts.states.${alert.status}`)}</Badge>
            <span>{alert.therapist.name}</span>
          </li>
        ))}
      </ul>
    </Listed>
  );
}

function Conversations({ patient }: { patient: Grant["patient"] }) {
  const { t } = useTranslation("admin");
  const [reading, setReading] = useState<string | null>(null);
  const asked = useQuery({
    queryKey: ["record", patient.id, "conversations"],
    queryFn: () =>
      call(api.GET("/api/admin/patients/{id}/conversations", { params: { path: { id: patient.id } } })),
  });
  return (
    <Listed
      title={t("breakGlass.record.conversations")}
      asked={asked}
      empty={asked.data?.items.length === 0 && t("breakGlass.record.noConversations")}
    >
      <ul className="grid gap-4">
        {asked.data?.items.map((conversation) => (
          <li key={conversation.id} className="grid gap-2">
            <span>
              <Button
                look="plain"
                aria-expanded={reading === conversation.id}
                onClick={() => setReading(reading === conversation.id ? null : conversation.id)}
              >
                {t("breakGlass.record.messages", { name: conversation.therapist.name })}
              </Button>
            </span>
            {reading === conversation.id && <Messages patient={patient} conversationId={conversation.id} />}
          </li>
        ))}
      </ul>
    </Listed>
  );
}

function Messages({ patient, conversationId }: { patient: Grant["patient"]; conversationId: string }) {
  const { t } = useTranslation("admin");
  const asked = useInfiniteQuery({
    queryKey: ["record", patient.id, "messages", conversationId],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/admin/patients/{id}/messages", {
          params: { path: { id: patient.id }, query: { conversationId, beforeSeq: pageParam } },
        }),
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => {
      const seqs = page.items.map(({ seq }) => seq);
      const first = Math.min(...seqs);
      return seqs.length && first > 1 ? first : undefined;
    },
  });
  if (asked.isPending) return <Waiting />;
  if (asked.error && !asked.data) return <PageProblem error={asked.error} retry={asked.refetch} />;
  const messages = asked.data.pages.flatMap((page) => page.items).sort((one, other) => one.seq - other.seq);
  return (
    <div className="grid gap-3 rounded-control bg-raised p-4">
      <MoreButton asked={asked} words={t("breakGlass.record.earlier")} />
      <ol className="grid gap-3">
        {messages.map((message) => (
          <li key={message.id} className="grid gap-0.5">
            <span className="text-sm text-ink-soft">
              {t(
                message.senderId === patient.id ? "breakGlass.record.patient" : "breakGlass.record.therapist",
              )}
              {" · "}
              {inWords(message.sentAt, "dayAndTime")}
            </span>
            <p className="break-words whitespace-pre-wrap">
              {message.body ?? <em>{t("breakGlass.record.deleted")}</em>}
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}
