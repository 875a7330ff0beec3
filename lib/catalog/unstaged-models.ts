import type { FactRow } from "./facts";
import { compareVersions, parseVersion } from "./ray-versions";
import { table } from "./table";
import rows from "./unstaged-models.json";

/** Models that an engine does not run in pipeline stages. */
interface UnstagedModels extends FactRow {
  readonly engine: string;
  /** `model_type` of the configuration, or of the language model in it. */
  readonly modelTypes: readonly string[];
  /** Newest version that was read and does not; `null`: none that was read does. */
  readonly lastWithout: string | null;
}

const models = table<UnstagedModels>("model without pipeline stages", rows);

/** Why a version of an engine does not run a type of model in stages; `undefined`: it does, or it is not known. */
export function unstagedModelOf(
  engine: string,
  modelType: string,
  version: string | undefined,
): UnstagedModels | undefined {
  return models
    .all()
    .find(
      (row) =>
        row.engine === engine && row.modelTypes.includes(modelType) && isWithout(version, row.lastWithout),
    );
}

/** A version that is not known counts as the newest. */
function isWithout(version: string | undefined, last: string | null): boolean {
  return (
    last === null ||
    (version !== undefined && parseVersion(version) !== undefined && compareVersions(version, last) <= 0)
  );
}
