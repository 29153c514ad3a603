/** Who one writes with, whether they are there, and whether they write. */
import { ArrowLeft } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Shape } from "@/api/client";
import { fromNow } from "@/i18n/times";
import { usePresence } from "@/realtime/people";
import { Button } from "@/ui/button";
import { Initials } from "./conversation_list_pane";

export function ConversationHeader({
  other,
  typing,
}: {
  other: Shape<"Member"> | undefined;
  typing: string | null;
}) {
  const { t } = useTranslation("messages");
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
      </div>
    </header>
  );
}
