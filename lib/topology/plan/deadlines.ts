import { findAccelerator } from "../../catalog/accelerators";
import type { ClusterOptions } from "../declaration/cluster-props";
import type { Deadlines } from "./plan";
import { defaultStagingSeconds } from "./staging";

/**
 * Deadlines with their defaults, in seconds.
 *
 * @param startSpreadSeconds how far apart the machines may start their containers: nodes wait for one another so much longer
 */
export function normaliseDeadlines(options: ClusterOptions, startSpreadSeconds = 0): Deadlines {
  const parts = {
    headSeconds: options.headTimeoutSeconds ?? 120 + startSpreadSeconds,
    membershipSeconds: options.membershipTimeoutSeconds ?? 180 + startSpreadSeconds,
    holdSeconds: options.membershipHoldSeconds ?? 3,
    stagingSeconds: options.stagingTimeoutSeconds ?? defaultStagingSeconds(options.model),
    engineSeconds: options.engineTimeoutSeconds ?? defaultEngineSeconds(options),
    completionSeconds: options.completionTimeoutSeconds ?? 60,
    stopSeconds: options.stopTimeoutSeconds ?? 20,
  };
  return { ...parts, servingSeconds: options.servingTimeoutSeconds ?? longestWay(parts) };
}

/** Until an engine without a model has started, with its libraries to load and its ranks to meet. */
const EMULATED_ENGINE_SECONDS = 300;
/** The same on real accelerators, where kernels are compiled and graphs captured. */
const ENGINE_SECONDS = 1800;
/** Slow shared storage, read by all nodes at the same time. */
const WEIGHT_BYTES_PER_SECOND = 500e6;

function defaultEngineSeconds({ pools, model }: ClusterOptions): number {
  const isReal = pools.some(
    ({ accelerator }) => accelerator && findAccelerator(accelerator.id)?.emulated === false,
  );
  const weightBytes = model?.model?.weightBytes ?? 0;
  return isReal ? ENGINE_SECONDS + Math.ceil(weightBytes / WEIGHT_BYTES_PER_SECOND) : EMULATED_ENGINE_SECONDS;
}

/** From the first start until `serving` when every step takes all its time once. */
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
