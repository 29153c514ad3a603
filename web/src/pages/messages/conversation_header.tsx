/** Who one writes with, whether they are there, and whether they write. */
import { ArrowLeft } from "lucide-react";
import { memo, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fromNow } from "@/i18n/times";
import type { Conversation } from "@/realtime/conversation_list";
import { coverageOf, otherOf } from "@/realtime/members";
import { usePresence } from "@/realtime/people";
import { Button } from "@/ui/button";
import { Initials } from "./conversation_list_pane";

interface Props {
  about: Conversation | undefined;
  me: string;
  typing: string | null;
}

export const ConversationHeader = memo(function ConversationHeader({ about, me, typing }: Props) {
  const { t } = useTranslation("messages");
  const other = about && otherOf(about, me);
  const presence = usePresence(other?.userId);
  const title = other?.name ?? t("title");
  useEffect(() => {
    document.title = `${title} · Bloom Health`;
  }, [title]);
  return (
    <header className="flex items-center gap-2 border-b bg-surface px-2 py-2 sm:px-4">
      <Button asChild look="quiet" size="icon" className="shrink-0 lg:hidden">
        <Link to="/messages" aria-label={t("thread.back")}>
          <ArrowLeft aria-hidden />
        </Link>
      </Button>
      <Initials name={other?.name ?? ""} isThere={presence?.online ?? false} />
      <div className="min-w-0">
        <h1 tabIndex={-1} className="truncate text-lg outline-none">
          {title}
        </h1>
        <p className="min-h-6 truncate text-sm text-ink-soft" role="status">
          {typing
            ? t("presence.typing", { name: typing })
            : presence?.online
              ? t("presence.online")
              : presence?.lastSeenAt
                ? t("presence.lastSeen", { when: fromNow(presence.lastSeenAt) })
                : ""}
        </p>
        {about && <Covering about={about} me={me} />}
      </div>
    </header>
  );
});

/** Who stands in for the therapist, so that nobody takes one person's words for another's. */
function Covering({ about, me }: { about: Conversation; me: string }) {
  const { t } = useTranslation("messages");
  const coverage = coverageOf(about);
  if (!coverage) return null;
  const { covering, therapist } = coverage;
  return (
    <p className="text-sm">
      {me === covering.userId
        ? t("covering.own", { name: therapist.name })
        : me === therapist.userId
          ? t("covering.forYou", { name: covering.name })
          : t("covering.theirs", { name: covering.name, therapist: therapist.name })}
    </p>
  );
}
