/** Everybody who has an account: found by name, role or state. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { fromNow, inWords } from "@/i18n/times";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Field, Select } from "@/ui/field";
import { MoreButton } from "@/ui/more_button";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { Cell, Table } from "@/ui/table";
import { Impersonations } from "./impersonations";
import { UserDialog } from "./user_dialog";

type User = Shape<"ShownUser">;
type Search = Pick<Shape<"UserSearch">, "text" | "role" | "status">;
const ROLES: readonly Shape<"Role">[] = ["PATIENT", "THERAPIST", "ADMINISTRATOR"];
const STATUSES = ["active", "suspended"] as const;

export default function UsersPage() {
  const { t } = useTranslation(["admin", "common"]);
  const [search, setSearch] = useState<Search>({});
  const [openId, setOpenId] = useState<string | null>(null);
  const asked = useInfiniteQuery({
    queryKey: ["users", search],
    queryFn: ({ pageParam }) =>
      call(api.POST("/api/admin/users/search", { body: { ...search, cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const users = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const open = users.find(({ id }) => id === openId);
  return (
    <Page title={t("users.title")} lead={t("users.lead")} width="wide">
      <SearchForm onSearch={setSearch} />
      <Card>
        {asked.isPending && <Waiting />}
        {asked.error && <PageProblem error={asked.error} retry={asked.refetch} />}
        {asked.isSuccess && users.length === 0 && <Empty>{t("users.none")}</Empty>}
        {users.length > 0 && (
          <Table
            name={t("users.title")}
            columns={(["name", "role", "state", "since", "seen"] as const).map((column) =>
              t(`users.columns.${column}`),
            )}
          >
            {users.map((user) => (
              <UserRow key={user.id} user={user} onOpen={() => setOpenId(user.id)} />
            ))}
          </Table>
        )}
        <MoreButton asked={asked} />
      </Card>
      <Impersonations />
      {open && <UserDialog user={open} onClose={() => setOpenId(null)} />}
    </Page>
  );
}

function SearchForm({ onSearch }: { onSearch: (search: Search) => void }) {
  const { t } = useTranslation("admin");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    onSearch({
      text: String(given.get("text")).trim() || null,
      role: (String(given.get("role")) || null) as Search["role"],
      status: (String(given.get("status")) || null) as Search["status"],
    });
  };
  return (
    <search>
      <form onSubmit={submit} className="grid gap-3 sm:grid-cols-[2fr_1fr_1fr_auto] sm:items-end">
        <Field label={t("users.text")} name="text" type="search" maxLength={200} autoComplete="off" />
        <Select label={t("users.columns.role")} name="role">
          <option value="">{t("users.anyRole")}</option>
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {t(`common:roles.${role}` as "users.anyRole")}
            </option>
          ))}
        </Select>
        <Select label={t("users.columns.state")} name="status">
          <option value="">{t("users.anyState")}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {t(`users.statuses.${status}`)}
            </option>
          ))}
        </Select>
        <Button type="submit">{t("users.search")}</Button>
      </form>
    </search>
  );
}

function UserRow({ user, onOpen }: { user: User; onOpen: () => void }) {
  const { t } = useTranslation(["admin", "common"]);
  return (
    <tr>
      <Cell>
        <div className="min-w-44">
          <Button look="link" size="text" className="text-left" onClick={onOpen}>
            {user.name}
          </Button>
          <span className="block text-sm break-all text-ink-soft">{user.email}</span>
        </div>
      </Cell>
      <Cell>{t(`common:roles.${user.role}`)}</Cell>
      <Cell>
        <Badge tone={user.status === "active" ? "good" : "warm"}>{t(`users.statuses.${user.status}`)}</Badge>
      </Cell>
      <Cell>{inWords(user.createdAt, "date")}</Cell>
      <Cell>{user.lastSignedInAt ? fromNow(user.lastSignedInAt) : t("users.never")}</Cell>
    </tr>
  );
}
