/** Goes through every seal of the trail, page by page, and says plainly whether it is as it was written. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call, type Shape } from "@/api/client";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Message, problemWords } from "@/ui/states";
import { countInWords } from "./models/figures";

interface Proof {
  entries: number;
  seals: number;
  unsealed: number;
  findings: Shape<"AuditFinding">[];
  signed: boolean;
  headed: boolean;
  done: boolean;
}

const START: Proof = {
  entries: 0,
  seals: 0,
  unsealed: 0,
  findings: [],
  signed: true,
  headed: true,
  done: false,
};

function joined(soFar: Proof, page: Shape<"AuditVerification">): Proof {
  return {
    entries: soFar.entries + page.entries,
    seals: soFar.seals + page.seals,
    unsealed: page.unsealed ?? soFar.unsealed,
    findings: [...soFar.findings, ...page.findings],
    signed: soFar.signed && page.signaturesChecked,
    headed: soFar.headed && page.headsChecked,
    done: page.nextCursor === null,
  };
}

export function AuditProof() {
  const { t } = useTranslation("admin");
  const [proof, setProof] = useState<Proof | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const verify = async () => {
    setBusy(true);
    setFailure(null);
    let soFar = START;
    setProof(soFar);
    try {
      let cursor: string | null | undefined;
      do {
        const page = await call(
          api.GET("/api/admin/audit/verify", { params: { query: { cursor: cursor ?? undefined } } }),
        );
        soFar = joined(soFar, page);
        setProof(soFar);
        cursor = page.nextCursor;
      } while (cursor);
    } catch (reason) {
      setFailure(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card
      title={t("audit.proof.title")}
      aside={
        <Button look="plain" busy={busy} onClick={() => void verify()}>
          {t("audit.proof.verify")}
        </Button>
      }
    >
      <p className="text-ink-soft">{t("audit.proof.lead")}</p>
      <div aria-live="polite" className="mt-3 grid gap-3 empty:hidden">
        {failure !== null && <Message tone="problem">{problemWords(failure)}</Message>}
        {proof && <Outcome proof={proof} />}
      </div>
    </Card>
  );
}

function Outcome({ proof }: { proof: Proof }) {
  const { t } = useTranslation("admin");
  const counted = t("audit.proof.counted", {
    entries: countInWords(proof.entries),
    seals: countInWords(proof.seals),
  });
  if (proof.findings.length > 0) {
    return (
      <Message tone="problem">
        <p className="font-semibold">{t("audit.proof.broken")}</p>
        <p>{counted}</p>
        <ul className="mt-2 list-disc pl-5">
          {proof.findings.map((finding) => (
            <li key={`${finding.kind} ${finding.seal} ${finding.eventId} ${finding.day}`}>
              <code>
                {[finding.kind, finding.seal, finding.eventId, finding.day].filter(Boolean).join(" · ")}
              </code>
            </li>
          ))}
        </ul>
      </Message>
    );
  }
  return (
    <Message tone={proof.done ? "good" : "plain"}>
      <p className="font-semibold">{t(proof.done ? "audit.proof.intact" : "audit.proof.underWay")}</p>
      <p>
        {counted} {proof.unsealed > 0 && t("audit.proof.unsealed", { entries: countInWords(proof.unsealed) })}
      </p>
      {proof.done && !(proof.signed && proof.headed) && <p>{t("audit.proof.unsigned")}</p>}
    </Message>
  );
}
