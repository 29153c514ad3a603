import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { Cell, Table } from "@/ui/table";
import { countInWords } from "./figures";

type Counts = Shape<"Counts">;

const ROWS = ["requests", "errors", "p99Ms", "flagged", "disagreed"] as const;

/** What both models did in the same step. */
export function SideBySide({ champion, challenger }: { champion: Counts; challenger: Counts }) {
  const { t } = useTranslation("admin");
  return (
    <Table
      name={t("models.side")}
      columns={[t("models.counted"), t("models.sides.champion"), t("models.sides.challenger")]}
    >
      {ROWS.map((row) => (
        <tr key={row}>
          <Cell>{t(`models.counts.${row}`)}</Cell>
          <Cell>{countInWords(champion[row])}</Cell>
          <Cell>{countInWords(challenger[row])}</Cell>
        </tr>
      ))}
    </Table>
  );
}
