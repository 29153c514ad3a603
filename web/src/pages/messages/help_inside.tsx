/** Where help is, shown in the conversation after words that carry risk: at once, calmly, and never in the way of writing. */
import { LifeBuoy } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { CrisisResources } from "@/crisis/crisis_resources";
import { useHelpLines } from "@/crisis/own_lines";
import type { CrisisHelp } from "@/realtime/conversation_store";
import { Button } from "@/ui/button";

export function HelpInside({ help }: { help: CrisisHelp }) {
  const { t } = useTranslation("messages");
  const [hidden, setHidden] = useState<CrisisHelp | null>(null);
  const panel = useRef<HTMLDivElement>(null);
  const lines = useHelpLines(help.resources);
  const isHidden = hidden === help;
  useEffect(() => {
    if (!isHidden) panel.current?.scrollTo({ top: 0 });
  }, [isHidden]);
  if (isHidden)
    return (
      <div className="border-t bg-surface px-4 py-2">
        <Button look="quiet" size="small" className="min-h-11" onClick={() => setHidden(null)}>
          <LifeBuoy aria-hidden />
          {t("help.again")}
        </Button>
      </div>
    );
  return (
    <div
      ref={panel}
      role="status"
      aria-label={t("help.shown")}
      className="max-h-[55%] shrink-0 overflow-y-auto border-t bg-surface p-3 sm:p-4"
    >
      <CrisisResources resources={lines} />
      <div className="mt-2 flex justify-end">
        <Button look="quiet" size="small" className="min-h-11" onClick={() => setHidden(help)}>
          {t("help.hide")}
        </Button>
      </div>
    </div>
  );
}
