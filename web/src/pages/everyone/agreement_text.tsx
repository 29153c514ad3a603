import { useTranslation } from "react-i18next";

export type AgreementKind = "terms" | "telehealth" | "messageAnalysis" | "training";

/** What somebody agrees to, whole. The catalogue `agreements` has to be there. */
export function AgreementText({ kind }: { kind: AgreementKind }) {
  const { t } = useTranslation("agreements");
  return (
    <div className="grid gap-3">
      {t(`${kind}.text`)
        .split("\n")
        .map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
    </div>
  );
}
