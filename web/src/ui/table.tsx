import type { ReactNode } from "react";

/** A table that scrolls inside itself where it is wider than the page; named for who cannot see it. */
export function Table({
  name,
  columns,
  children,
}: {
  name: string;
  columns: readonly ReactNode[];
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section aria-label={name} tabIndex={0} className="overflow-x-auto rounded-control">
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b text-sm text-ink-soft">
            {columns.map((column, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              <th key={place} scope="col" className="px-3 py-2 font-semibold whitespace-nowrap">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="[&>tr]:border-b [&>tr:last-child]:border-0">{children}</tbody>
      </table>
    </section>
  );
}

/** One place in a table. */
export function Cell({ children }: { children: ReactNode }) {
  return <td className="px-3 py-2.5 align-top">{children}</td>;
}
