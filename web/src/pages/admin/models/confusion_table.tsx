import { useTranslation } from "react-i18next";
import { classes } from "@/ui/classes";
import { useClassName } from "./class_name";
import { countInWords } from "./figures";

interface Props {
  labels: readonly string[];
  /** A row for each label: how often its texts were given each label. */
  counts: readonly (readonly number[])[];
}

/** How much of the colour a whole row in one place has: the number on it stays easy to read. */
const DEEPEST = 0.35;

/** What texts of each class were taken for; the deeper the ground, the larger the share of the row. */
export function ConfusionTable({ labels, counts }: Props) {
  const { t } = useTranslation("admin");
  const className = useClassName();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section aria-label={t("models.confusion.title")} tabIndex={0} className="overflow-x-auto">
      <table className="border-separate border-spacing-0.5 text-sm">
        <thead>
          <tr>
            <th scope="col" className="p-1.5 text-left align-bottom font-normal text-ink-soft">
              {t("models.confusion.corner")}
            </th>
            {labels.map((label) => (
              <th key={label} scope="col" className="max-w-20 p-1.5 align-bottom text-xs font-semibold">
                {className(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label, row) => {
            const all = counts[row]?.reduce((sum, count) => sum + count, 0) ?? 0;
            return (
              <tr key={label}>
                <th scope="row" className="p-1.5 text-left font-semibold">
                  {className(label)}
                </th>
                {labels.map((given, column) => {
                  const count = counts[row]?.[column] ?? 0;
                  return (
                    <td
                      key={given}
                      className={classes(
                        "relative rounded p-1.5 text-center tabular-nums",
                        row === column && "font-bold ring-1 ring-leaf ring-inset",
                      )}
                    >
                      <span
                        aria-hidden
                        className="absolute inset-0 rounded bg-leaf"
                        style={{ opacity: all ? (count / all) * DEEPEST : 0 }}
                      />
                      <span className="relative">{countInWords(count)}</span>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
