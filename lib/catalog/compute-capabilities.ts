import { findAccelerator } from "./accelerators";
import capabilityRows from "./compute-capabilities.json";
import needRows from "./capability-needs.json";
import type { FactRow } from "./facts";
import { compareVersions, parseVersion } from "./ray-versions";
import { table } from "./table";

/** A compute capability of NVIDIA's, and the accelerators that have it. */
interface ComputeCapability extends FactRow {
  readonly capability: number;
  /** Keys of the accelerators. */
  readonly accelerators: readonly string[];
}

const capabilities = table<ComputeCapability>("compute capability", capabilityRows);

/** The compute capability of an accelerator; `undefined` for one that has none, or of which it is not known. */
export function computeCapabilityOf(accelerator: string): number | undefined {
  const facts = findAccelerator(accelerator);
  const id = facts?.like ?? facts?.id ?? "";
  return capabilities.all().find(({ accelerators }) => accelerators.includes(id))?.capability;
}

/** Least compute capability with which a range of versions of an engine reads weights of a format. */
export interface CapabilityNeed extends FactRow {
  readonly engine: string;
  /** Oldest version, inclusive; `null`: no bound. */
  readonly from: string | null;
  /** Newest version, exclusive; `null`: no bound. */
  readonly before: string | null;
  /** Methods of the quantization. */
  readonly methods: readonly string[];
  /** Only for some weights of the method; `null`: for all. */
  readonly part: "blocks-or-experts" | null;
  readonly capability: number;
}

const needs = table<CapabilityNeed>("need of a compute capability", needRows);

/** Weights as an engine reads them. */
export interface WeightFormat {
  readonly engine: string;
  /** A version that is not known counts as the newest. */
  readonly version?: string;
  /** `undefined`: not quantized. */
  readonly method?: string;
  /** Whether blocks share a scale, or experts are quantized. */
  readonly hasBlocksOrExperts: boolean;
}

/** What an engine's version needs for weights of a format: the row that asks most; `undefined`: nothing. */
export function capabilityNeedOf(format: WeightFormat): CapabilityNeed | undefined {
  return needs
    .all()
    .filter(
      (row) =>
        row.engine === format.engine &&
        isWithin(format.version, row) &&
        row.methods.includes(format.method ?? "") &&
        (row.part === null || format.hasBlocksOrExperts),
    )
    .reduce<CapabilityNeed | undefined>(
      (most, row) => (most === undefined || row.capability > most.capability ? row : most),
      undefined,
    );
}

function isWithin(version: string | undefined, { from, before }: CapabilityNeed): boolean {
  if (version === undefined || parseVersion(version) === undefined) {
    return before === null;
  }
  return (
    (from === null || compareVersions(version, from) >= 0) &&
    (before === null || compareVersions(version, before) < 0)
  );
}
