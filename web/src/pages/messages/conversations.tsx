/** /messages: everybody one writes with. */
import { useTranslation } from "react-i18next";
import { queryClient } from "@/api/queries";
import { conversationsQuery } from "@/realtime/conversation_list";
import { Page } from "@/ui/page";
import { ConversationListPane } from "./conversation_list_pane";

export const ask = () => queryClient.prefetchInfiniteQuery(conversationsQuery);

export default function Conversations() {
  const { t } = useTranslation("messages");
  return (
    <Page title={t("title")} width="normal">
      <div className="rounded-card border border-line bg-surface p-3 shadow-card sm:p-4">
        <ConversationListPane />
      </div>
    </Page>
  );
}
