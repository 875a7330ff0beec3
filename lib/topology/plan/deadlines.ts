import { findAccelerator } from "../../catalog/accelerators";
import type { ClusterOptions } from "../declaration/cluster-props";
import type { Deadlines } from "./plan";
import { defaultStagingSeconds, modelsOf } from "./declared-models";

/**
 * Deadlines with their defaults, in seconds.
 *
 * @param startSpreadSeconds how far apart the machines may start their containers: nodes wait that much longer for each other
 */
export function normaliseDeadlines(options: ClusterOptions, startSpreadSeconds = 0): Deadlines {
  const parts = {
    headSeconds: options.headTimeoutSeconds ?? 120 + startSpreadSeconds,
    membershipSeconds: options.membershipTimeoutSeconds ?? 180 + startSpreadSeconds,
    holdSeconds: options.membershipHoldSeconds ?? 3,
    stagingSeconds: options.stagingTimeoutSeconds ?? defaultStagingSeconds(options),
    engineSeconds: options.engineTimeoutSeconds ?? defaultEngineSeconds(options),
    completionSeconds: options.completionTimeoutSeconds ?? 60,
    stopSeconds: options.stopTimeoutSeconds ?? 20,
  };
  return { ...parts, servingSeconds: options.servingTimeoutSeconds ?? longestWay(parts) };
}

/** Start of an engine without a model: its libraries load and its ranks find each other. */
const EMULATED_ENGINE_SECONDS = 300;
/** The same on real accelerators, which also compile kernels and capture graphs. */
const ENGINE_SECONDS = 1800;
/** Slow shared storage, read by all nodes at the same time. */
const WEIGHT_BYTES_PER_SECOND = 500e6;

function defaultEngineSeconds(options: ClusterOptions): number {
  const isReal = options.pools.some(
    ({ accelerator }) => accelerator && findAccelerator(accelerator.id)?.emulated === false,
  );
  const weightBytes = modelsOf(options).reduce(
    (sum, { source }) => sum + (source.model?.weightBytes ?? 0),
    0,
  );
  return isReal ? ENGINE_SECONDS + Math.ceil(weightBytes / WEIGHT_BYTES_PER_SECOND) : EMULATED_ENGINE_SECONDS;
}

/** From the first start to `serving` if every step uses up its deadline once. */
export function longestWay(parts: Omit<Deadlines, "servingSeconds">): number {
  return (
    parts.headSeconds +
    parts.membershipSeconds +
    parts.holdSeconds +
    parts.stagingSeconds +
    parts.engineSeconds +
    parts.completionSeconds
  );
}
