/** What goes on around every page while somebody is signed in: the socket, what waits to be sent, counts in the menu. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { setMenuCount } from "@/app/menu_counts";
import { CrisisLines } from "@/crisis/crisis_resources";
import { useHelpLines } from "@/crisis/own_lines";
import { useRemembered } from "@/session/remembered";
import type { Session } from "@/session/session";
import { Modal } from "@/ui/modal";
import { useToast } from "@/ui/toast";
import { useConversations } from "./conversation_list";
import { helpElsewhere } from "./help_elsewhere";
import { endLive, type Live, liveOf } from "./live";
import { showNotice } from "./notices";

export default function LiveShell({ session }: { session: Session }) {
  const live = liveOf(session.user.id);
  useEffect(() => {
    const stop = live.start();
    return () => {
      stop();
      // Not where the page only starts it anew.
      setTimeout(() => {
        if (!live.started) endLive(live);
      });
    };
  }, [live]);
  useFollowedConversations(live);
  return session.user.role === "THERAPIST" ? <AlertNotices live={live} /> : <HelpElsewhere />;
}

function useFollowedConversations(live: Live) {
  const { data } = useConversations();
  useEffect(() => {
    const all = data?.pages.flatMap(({ items }) => items) ?? [];
    live.followAll(all.map(({ id }) => id));
    setMenuCount(
      "messages",
      all.reduce((sum, { unreadCount }) => sum + unreadCount, 0),
    );
  }, [data, live]);
  useEffect(() => () => setMenuCount("messages", 0), []);
}

/** What somebody wrote carried risk, and they have left its conversation before the answer came. */
function HelpElsewhere() {
  const { t } = useTranslation("common");
  const help = useRemembered(helpElsewhere);
  useEffect(() => () => helpElsewhere.set(null), []);
  const lines = useHelpLines(help?.resources ?? []);
  if (!help) return null;
  return (
    <Modal title={t("crisis.title")} onClose={() => helpElsewhere.set(null)}>
      <div className="grid gap-4">
        <p>{t("crisis.lead")}</p>
        <CrisisLines resources={lines} />
        <p className="text-sm text-ink-soft">{t("crisis.notWatched")}</p>
      </div>
    </Modal>
  );
}

/** How many alerts wait, wherever the therapist is in the application; a new one is said calmly, once. */
function AlertNotices({ live }: { live: Live }) {
  const { t } = useTranslation("common");
  const tell = useToast();
  const { data } = useQuery({
    queryKey: ["alerts", "waiting"],
    queryFn: () => call(api.GET("/api/alerts", { params: { query: { status: "open" } } })),
    refetchInterval: 120_000,
  });
  useEffect(() => setMenuCount("alerts", data?.items.length ?? 0), [data]);
  useEffect(() => () => setMenuCount("alerts", 0), []);
  useEffect(
    () =>
      live.onAlert(({ riskEventId }) => {
        tell(t("alertNotice.words"));
        if (document.hidden)
          void showNotice(t("product"), { body: t("alertNotice.elsewhere"), tag: riskEventId });
      }),
    [live, t, tell],
  );
  return null;
}
