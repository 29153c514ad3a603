/** The audit trail: who did what to whom, and the proof that nothing of it was changed. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field } from "@/ui/field";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";
import { AuditProof } from "./audit_proof";

type Search = Partial<Record<"actor" | "subject" | "action" | "from" | "to", string>>;
const TONES = { success: "good", denied: "warm", failure: "grave" } as const;

export default function AuditPage() {
  const { t } = useTranslation("admin");
  const [search, setSearch] = useState<Search>({});
  return (
    <Page title={t("audit.title")} lead={t("audit.lead")} width="wide">
      <AuditProof />
      <SearchForm onSearch={setSearch} />
      <Trail search={search} />
    </Page>
  );
}

function SearchForm({ onSearch }: { onSearch: (search: Search) => void }) {
  const { t } = useTranslation("admin");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const entries = [...given].map(([name, value]) => [name, String(value).trim()] as const);
    const asked = Object.fromEntries(entries.filter(([, value]) => value)) as Search;
    // A day is meant as the reader's own, from its beginning to its end.
    if (asked.from) asked.from = new Date(`${asked.from}T00:00:00`).toISOString();
    if (asked.to) asked.to = new Date(new Date(`${asked.to}T00:00:00`).getTime() + 86_400_000).toISOString();
    onSearch(asked);
  };
  return (
    <search>
      <form onSubmit={submit} className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3 lg:items-end">
        <Field label={t("audit.actor")} hint={t("audit.id")} name="actor" autoComplete="off" />
        <Field label={t("audit.subject")} hint={t("audit.id")} name="subject" autoComplete="off" />
        <Field label={t("audit.action")} hint={t("audit.actionHint")} name="action" autoComplete="off" />
        <Field label={t("audit.from")} name="from" type="date" />
        <Field label={t("audit.to")} name="to" type="date" />
        <Button type="submit" className="justify-self-start">
          {t("users.search")}
        </Button>
      </form>
    </search>
  );
}

function Trail({ search }: { search: Search }) {
  const { t } = useTranslation(["admin", "common"]);
  const asked = useInfiniteQuery({
    queryKey: ["audit", search],
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/admin/audit", { params: { query: { ...search, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const entries = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const columns = ["at", "action", "outcome", "actor", "subject", "more"] as const;
  return (
    <Card title={t("audit.trail")}>
      {asked.isPending && <Waiting />}
      {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
      {asked.isSuccess && entries.length === 0 && <Empty>{t("audit.none")}</Empty>}
      {entries.length > 0 && (
        <Table name={t("audit.trail")} columns={columns.map((column) => t(`audit.columns.${column}`))}>
          {entries.map((entry) => (
            <EntryRow key={entry.id} entry={entry} />
          ))}
        </Table>
      )}
      <MoreButton asked={asked} />
    </Card>
  );
}

function EntryRow({ entry }: { entry: Shape<"AuditEntry"> }) {
  const { t } = useTranslation("admin");
  const more = {
    ...entry.details,
    ...(entry.purpose && { purpose: entry.purpose }),
    ...(entry.ip && { ip: entry.ip }),
  };
  return (
    <tr>
      <Cell>
        <span className="whitespace-nowrap">{inWords(entry.at, "dayAndTime")}</span>
      </Cell>
      <Cell>
        <code className="text-sm">{entry.action}</code>
      </Cell>
      <Cell>
        <Badge tone={TONES[entry.outcome]}>{t(`audit.outcomes.${entry.outcome}`)}</Badge>
      </Cell>
      <Cell>
        <Id id={entry.actorId} />
        {entry.actingAs && (
          <span className="block text-sm text-ink-soft">
            {t("audit.as")} <Id id={entry.actingAs} />
          </span>
        )}
      </Cell>
      <Cell>
        <Id id={entry.subjectId} />
      </Cell>
      <Cell>
        {Object.keys(more).length > 0 && (
          <code className="block max-w-md text-sm break-words">
            {Object.entries(more)
              .map(
                ([name, value]) =>
                  `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
              )
              .join(", ")}
          </code>
        )}
      </Cell>
    </tr>
  );
}

function Id({ id }: { id: string | null }) {
  return id ? (
    <code className="text-sm whitespace-nowrap" title={id}>
      {id.slice(0, 8)}
    </code>
  ) : (
    <>–</>
  );
}
