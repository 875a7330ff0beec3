/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (value === undefined || value === "") {
    return "nothing";
  }
  return typeof value === "string" ? `'${printable(value)}'` : String(value);
}

/** `'a', 'b' or 'c'`. */
export function oneOf(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** The candidate that the given text most likely meant; `undefined` where none is near. */
export function nearest(given: string, candidates: readonly string[]): string | undefined {
  const reach = Math.max(1, Math.floor(given.length / 3));
  const ranked = candidates
    // The lengths alone rule most of them out, without a distance being computed.
    .filter((candidate) => Math.abs(candidate.length - given.length) <= reach)
    .map((candidate) => ({ candidate, distance: editDistance(given.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** `did you mean 'x'?`, or the other advice where nothing is near: for a name that is known to be wrong. */
export function didYouMean(given: string, candidates: readonly string[], otherwise: string): string {
  const candidate = nearest(given, candidates);
  return candidate === undefined ? otherwise : `did you mean '${candidate}'?`;
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Insertions, deletions and substitutions between two texts (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const substituted = previous[column] + (letter === other ? 0 : 1);
      current.push(Math.min(substituted, previous[column + 1] + 1, current[column] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}

/** All but tab and line feed: what a terminal obeys, and what hides or turns around the letters beside it. */
const OBEYED =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Words of others in ours: lines stay lines, and what a terminal would obey becomes a blank. */
export function harmless(text: string): string {
  return text.replace(OBEYED, " ");
}

function printable(text: string): string {
  const oneLine = JSON.stringify(text).slice(1, -1);
  return oneLine.length > 80 ? `${oneLine.slice(0, 77)}...` : oneLine;
}
