import { Progress } from "../../../lib/cli/base/progress";

/** A progress and what it was given to say, without the elapsed time. */
export function recorded(): { progress: Progress; said: string[] } {
  const said: string[] = [];
  const progress = new Progress((line) => {
    said.push(line.replace(/^(\[ *\d+ s\]| {8}) /, ""));
  });
  return { progress, said };
}
