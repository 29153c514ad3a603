/** What waits for a therapist: requests, messages, alerts, analyses to review. */
import { useQuery } from "@tanstack/react-query";
import {
  ChevronRight,
  ClipboardCheck,
  type LucideIcon,
  MessageCircle,
  ShieldAlert,
  UserPlus,
} from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, call } from "@/api/client";
import { inList } from "@/i18n/lists";
import { fromNow } from "@/i18n/times";
import type { Conversation } from "@/realtime/conversation_list";
import { otherOf } from "@/realtime/members";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, Waiting } from "@/ui/states";
import { ASKED_AGAIN_MS, useCareRequests } from "./own_queries";

const NAMED = 2;

/** Each part as it comes: what cannot be learnt keeps nothing else from being shown, and is named. */
export function WaitingForYou({ ownId }: { ownId: string }) {
  const { t } = useTranslation(["therapist", "common"]);
  const parts = {
    alerts: useOpenAlerts(),
    requests: useCareRequests(true),
    unread: useLatestConversations(),
    review: useReviewSize(),
  };
  const all = Object.entries(parts) as [keyof typeof parts, (typeof parts)[keyof typeof parts]][];
  const unknown = all.filter(([, { isError, data }]) => isError && !data);
  const isPending = all.some(([, part]) => part.isPending);
  const alerts = parts.alerts.data?.items ?? [];
  const requests = parts.requests.data?.items ?? [];
  const unread = unreadOf(parts.unread.data?.items ?? [], ownId);
  const review = parts.review.data?.waiting ?? 0;
  const none = !alerts.length && !requests.length && !unread.count && !review;
  return (
    <Card title={t("home.waiting")}>
      {none && !isPending && !unknown.length && <p className="text-ink-soft">{t("home.nothingWaiting")}</p>}
      {unknown.length > 0 && (
        <div className="mb-3 grid justify-items-start gap-3">
          <Message tone="warm">
            {t("home.unknown", { parts: inList(unknown.map(([name]) => t(`home.parts.${name}`))) })}
          </Message>
          <Button look="plain" onClick={() => void Promise.all(unknown.map(([, { refetch }]) => refetch()))}>
            {t("common:tryAgain")}
          </Button>
        </div>
      )}
      <ul className="-mx-2 grid gap-1 empty:hidden">
        {alerts.length > 0 && (
          <Entry to="/alerts" icon={ShieldAlert} title={t("home.alerts", { count: alerts.length })}>
            {t("home.alertsSince", { when: fromNow(earliest(alerts.map((alert) => alert.waitingSince))) })}
          </Entry>
        )}
        {requests.length > 0 && (
          <Entry to="/patients" icon={UserPlus} title={t("home.requests", { count: requests.length })}>
            {t("home.requestsSince", { when: fromNow(earliest(requests.map((care) => care.requestedAt))) })}
          </Entry>
        )}
        {unread.count > 0 && (
          <Entry to="/messages" icon={MessageCircle} title={t("home.unread", { count: unread.count })}>
            <UnreadOf names={unread.names} />
          </Entry>
        )}
        {review > 0 && (
          <Entry to="/review" icon={ClipboardCheck} title={t("home.review", { count: review })}>
            {t("home.reviewWhy")}
          </Entry>
        )}
      </ul>
      {isPending && <Waiting />}
    </Card>
  );
}

function UnreadOf({ names }: { names: string[] }) {
  const { t } = useTranslation("therapist");
  const more = names.length - NAMED;
  const named = names.slice(0, NAMED);
  if (more <= 0) return t("home.unreadFrom", { names: inList(named) });
  return t("home.unreadMore", { names: named.join(", "), count: more });
}

interface EntryProps {
  to: string;
  icon: LucideIcon;
  title: string;
  children: ReactNode;
}

function Entry({ to, icon: Icon, title, children }: EntryProps) {
  return (
    <li>
      <Link to={to} className="flex items-center gap-3 rounded-control p-2 hover:bg-raised">
        <span className="grid size-10 shrink-0 place-items-center rounded-full bg-leaf-soft text-leaf">
          <Icon className="size-5" aria-hidden />
        </span>
        <span className="grid min-w-0 flex-1">
          <span className="font-semibold">{title}</span>
          <span className="text-sm text-ink-soft">{children}</span>
        </span>
        <ChevronRight className="size-5 shrink-0 text-ink-soft" aria-hidden />
      </Link>
    </li>
  );
}

/** Alerts that nobody has taken up yet. */
function useOpenAlerts() {
  return useQuery({
    queryKey: ["alerts", "open"],
    queryFn: () => call(api.GET("/api/alerts", { params: { query: { status: "open", limit: 200 } } })),
    refetchInterval: ASKED_AGAIN_MS,
  });
}

function useReviewSize() {
  return useQuery({
    queryKey: ["review-queue", "size"],
    queryFn: () => call(api.GET("/api/ml/review-queue/size")),
  });
}

function useLatestConversations() {
  return useQuery({
    queryKey: ["conversations", "latest"],
    queryFn: () => call(api.GET("/api/conversations", { params: { query: { limit: 200 } } })),
    refetchInterval: ASKED_AGAIN_MS,
  });
}

/** How many messages are unread, and in conversations with whom. */
function unreadOf(conversations: readonly Conversation[], ownId: string) {
  const unread = conversations.filter(({ unreadCount }) => unreadCount > 0);
  return {
    count: unread.reduce((sum, { unreadCount }) => sum + unreadCount, 0),
    names: unread.map((conversation) => otherOf(conversation, ownId)?.name ?? ""),
  };
}

/** RFC 3339 in UTC sorts as its moments do. */
function earliest(moments: string[]): string {
  return [...moments].sort()[0] ?? "";
}
