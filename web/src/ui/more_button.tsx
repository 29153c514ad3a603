import { useTranslation } from "react-i18next";
import { Button } from "./button";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** Fetches the next page of a list; nothing where there is none. `words` say what comes, where that is not just "more". */
export function MoreButton({ asked, words }: { asked: Pages; words?: string }) {
  const { t } = useTranslation("common");
  if (!asked.hasNextPage) return null;
  return (
    <Button
      look="plain"
      className="mt-4 justify-self-start"
      busy={asked.isFetchingNextPage}
      onClick={() => void asked.fetchNextPage()}
    >
      {words ?? t("more")}
    </Button>
  );
}
