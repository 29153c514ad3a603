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
import { api, call, type Shape } from "@/api/client";
import { inList } from "@/i18n/lists";
import { fromNow } from "@/i18n/times";
import { Card } from "@/ui/card";
import { Waiting } from "@/ui/states";
import { ASKED_AGAIN_MS, useCareRequests } from "./own_queries";

const NAMED = 2;

export function WaitingForYou({ ownId }: { ownId: string }) {
  const { t } = useTranslation("therapist");
  const requests = useCareRequests(true).data?.items;
  const alerts = useOpenAlerts().data?.items;
  const unread = useUnread(ownId);
  const review = useReviewSize().data?.waiting;
  if (!requests || !alerts || !unread || review === undefined)
    return (
      <Card title={t("home.waiting")}>
        <Waiting />
      </Card>
    );
  const more = unread.names.length - NAMED;
  const named = unread.names.slice(0, NAMED);
  const names = more > 0 ? named.join(", ") : inList(named);
  return (
    <Card title={t("home.waiting")}>
      {!alerts.length && !requests.length && !unread.count && !review && (
        <p className="text-ink-soft">{t("home.nothingWaiting")}</p>
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
            {more > 0 ? t("home.unreadMore", { names, count: more }) : t("home.unreadFrom", { names })}
          </Entry>
        )}
        {review > 0 && (
          <Entry to="/review" icon={ClipboardCheck} title={t("home.review", { count: review })}>
            {t("home.reviewWhy")}
          </Entry>
        )}
      </ul>
    </Card>
  );
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

/** How many messages are unread, and of whom. */
function useUnread(ownId: string) {
  const { data } = useQuery({
    queryKey: ["conversations", "latest"],
    queryFn: () => call(api.GET("/api/conversations", { params: { query: { limit: 200 } } })),
    refetchInterval: ASKED_AGAIN_MS,
  });
  if (!data) return null;
  const unread = data.items.filter(({ unreadCount }) => unreadCount > 0);
  const other = ({ members }: Shape<"ShownConversation">) =>
    members.find(({ userId }) => userId !== ownId)?.name ?? "";
  return { count: unread.reduce((sum, { unreadCount }) => sum + unreadCount, 0), names: unread.map(other) };
}

/** RFC 3339 in UTC sorts as its moments do. */
function earliest(moments: string[]): string {
  return [...moments].sort()[0] ?? "";
}
