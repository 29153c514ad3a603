/** The model: its versions, the rollout of a better one, trainings, and whether what is written drifts. */
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/page";
import { Drift } from "./models/drift";
import { RolloutNow } from "./models/rollout";
import { TrainingRuns } from "./models/training_runs";
import { Versions } from "./models/versions";

export default function ModelsPage() {
  const { t } = useTranslation("admin");
  return (
    <Page title={t("models.title")} lead={t("models.lead")} width="wide">
      <RolloutNow />
      <Versions />
      <TrainingRuns />
      <Drift />
    </Page>
  );
}
