/** Between two columns. */
const GAP = "  ";

/** Rows as lines, with columns that are at least two spaces apart; widths are counted in code points. */
export function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  const padded = (cell: string, column: number): string => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell));
  return rows.map((row) => row.map(padded).join(GAP).trimEnd());
}

function widthOf(cell: string): number {
  return Array.from(cell).length;
}
