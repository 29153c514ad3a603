/** Where a patient begins: the next appointment, what waits to be read, and what is good to do next. */
import { useQuery } from "@tanstack/react-query";
import { CalendarDays, MessageCircle } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { queryClient } from "@/api/queries";
import { consentsQuery } from "@/pages/everyone/consents";
import { conversationsQuery, useConversations } from "@/realtime/conversation_list";
import { profileQuery, useProfile } from "@/session/profile";
import { useSession } from "@/session/session";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { useNow } from "@/ui/now";
import { Page } from "@/ui/page";
import { Empty, PageProblem, Waiting } from "@/ui/states";
import { nextOf } from "./appointment_phase";
import { HeldTimes } from "./held_times";
import { Join } from "./join";
import { nextSteps } from "./next_steps";
import { askTimesAndCare, useCare, useComing } from "./queries";
import { StepCard } from "./step_card";
import { When } from "./when";

export const ask = () =>
  Promise.all([
    askTimesAndCare(),
    queryClient.prefetchQuery(profileQuery),
    queryClient.prefetchInfiniteQuery(conversationsQuery),
  ]);

export default function Home() {
  const { t } = useTranslation("patient");
  const { data: session } = useSession();
  const part = partOfDay(new Date().getHours());
  const name = session?.user.name.split(" ")[0] ?? "";
  const { isPending } = useComing();
  return (
    <Page title={t(`home.greeting.${part}`, { name })} lead={t("home.lead")}>
      <HeldTimes />
      <NextAppointment />
      {/* Shown once what stands above has its size, so that nothing moves under a finger. */}
      <div className={isPending ? "hidden" : "contents"}>
        <Unread />
        <Steps />
      </div>
    </Page>
  );
}

function partOfDay(hour: number): "morning" | "afternoon" | "evening" {
  if (hour >= 5 && hour < 12) return "morning";
  return hour >= 12 && hour < 18 ? "afternoon" : "evening";
}

function NextAppointment() {
  const { t } = useTranslation("patient");
  const { data, error, isPending, refetch } = useComing();
  const now = useNow();
  const next = data && nextOf(data.items, now);
  return (
    <Card
      title={t("home.next")}
      aside={<QuietLink to="/appointments">{t("home.allAppointments")}</QuietLink>}
    >
      {isPending && <Waiting />}
      {error && !data && <PageProblem error={error} retry={refetch} />}
      {data && !next && <Empty>{t("home.noneAhead")}</Empty>}
      {next && (
        <div className="flex gap-4">
          <span className="hidden size-12 shrink-0 place-items-center rounded-full bg-leaf-soft text-leaf sm:grid">
            <CalendarDays className="size-6" aria-hidden />
          </span>
          <div className="grid gap-3">
            <div>
              <p>
                <Link
                  to={`/appointments/${next.id}`}
                  className="font-semibold text-leaf underline underline-offset-4"
                >
                  {t("home.nextWith", { name: next.therapist.name })}
                </Link>
              </p>
              <When {...next} therapist={next.therapist.name} therapistsZone={next.timeZone} />
            </div>
            <Join appointment={next} />
          </div>
        </div>
      )}
    </Card>
  );
}

function Unread() {
  const { t } = useTranslation("patient");
  const { data } = useConversations();
  const conversations = data?.pages.flatMap(({ items }) => items) ?? [];
  if (conversations.length === 0) return null;
  const unread = conversations.filter(({ unreadCount }) => unreadCount > 0);
  const count = unread.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  const only = unread.length === 1 ? unread[0] : undefined;
  return (
    <Card className="flex flex-wrap items-center justify-between gap-3">
      <p className="flex items-center gap-3">
        <MessageCircle className="size-5 shrink-0 text-leaf" aria-hidden />
        <span>{count > 0 ? t("home.unread", { count }) : t("home.allRead")}</span>
      </p>
      <Button asChild look={count > 0 ? "main" : "plain"}>
        <Link to={only ? `/messages/${only.id}` : "/messages"}>{t("home.toMessages")}</Link>
      </Button>
    </Card>
  );
}

function Steps() {
  const { t } = useTranslation("patient");
  const consents = useQuery(consentsQuery);
  const { data: profile } = useProfile();
  const { data: care } = useCare();
  const { data: coming } = useComing();
  const steps = nextSteps({
    consents: consents.data,
    profile: profile?.role === "PATIENT" && "completedAt" in profile ? profile : undefined,
    care: care?.items,
    coming: coming?.items,
  });
  if (steps.length === 0) return null;
  return (
    <section aria-labelledby="next-steps" className="grid gap-3">
      <h2 id="next-steps">{t("home.steps")}</h2>
      <ul className="grid gap-3">
        {steps.map((step) => (
          <li key={"care" in step ? `${step.kind} ${step.care.id}` : step.kind}>
            <StepCard step={step} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function QuietLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link to={to} className="font-semibold text-leaf underline underline-offset-4">
      {children}
    </Link>
  );
}
