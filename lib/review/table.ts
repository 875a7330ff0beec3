/** A Markdown table; an empty list of rows gives the given sentence instead. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  otherwise: string,
): readonly string[] {
  if (rows.length === 0) {
    return [otherwise];
  }
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Text as code, or `-` for nothing. */
export function code(text: string | undefined): string {
  return text === undefined || text === "" ? "-" : `\`${text}\``;
}

/** Texts as code, after each other. */
export function codes(texts: readonly string[]): string {
  return texts.map(code).join(", ");
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/\r?\n/g, " ");
}
