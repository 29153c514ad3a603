/** The decisions of a rollout, each with what both models had done by then. */
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { inWords } from "@/i18n/times";
import { SideBySide } from "./side_by_side";

type Counts = Shape<"Counts">;

/** A decision as the row keeps it; the first and one by hand have no evidence. */
interface Decision {
  at: string;
  by: string | null;
  move: string;
  to: number;
  reason?: string;
  champion?: Counts;
  challenger?: Counts;
}

const MOVES = ["shadow", "advance", "ask", "finish", "return"] as const;

export function Decisions({ evidence }: { evidence: Shape<"ShownRollout">["evidence"] }) {
  const { t } = useTranslation("admin");
  if (evidence.length === 0) return null;
  return (
    <details className="rounded-control border p-3">
      <summary className="min-h-11 py-2 font-semibold">{t("models.decisions")}</summary>
      <ol className="mt-3 grid gap-5">
        {(evidence as unknown as Decision[]).map((decision) => (
          <li key={decision.at}>
            <OneDecision decision={decision} />
          </li>
        ))}
      </ol>
    </details>
  );
}

function OneDecision({ decision }: { decision: Decision }) {
  const { t } = useTranslation("admin");
  const { at, by, move, to, reason, champion, challenger } = decision;
  const known = MOVES.find((one) => one === move);
  return (
    <div className="grid gap-1.5">
      <p className="font-semibold">{known ? t(`models.moves.${known}`, { to }) : move}</p>
      <p className="text-sm text-ink-soft">
        <time dateTime={at}>{inWords(at, "dayAndTime")}</time>
        {" · "}
        {t(by ? "models.decidedBy.somebody" : "models.decidedBy.itself")}
      </p>
      {reason && <Why reason={reason} />}
      {champion && challenger && <SideBySide champion={champion} challenger={challenger} />}
    </div>
  );
}

/** Why a rollout was taken back. */
export function Why({ reason }: { reason: string }) {
  const { t, i18n } = useTranslation("admin");
  const key = `models.returns.${reason}`;
  return <span>{i18n.exists(key, { ns: "admin" }) ? t(key as "models.returns.errors") : reason}</span>;
}
