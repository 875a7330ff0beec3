import type { ClusterPlan } from "../topology/plan/plan";
import { PlanError } from "../problems/plan-error";
import type { Problem } from "../problems/problem";
import type { MachineText } from "./machine-text";
import type { CloudInitSettings } from "./settings";

/**
 * What shows only in the finished plan and its texts.
 *
 * @throws PlanError with all problems at once
 */
export function refuseUnbootable(
  plan: ClusterPlan,
  texts: readonly MachineText[],
  settings: CloudInitSettings,
): void {
  const problems = [...sizes(texts, settings), ...readiness(plan, settings)];
  if (problems.length > 0) {
    throw new PlanError(problems);
  }
}

function sizes(texts: readonly MachineText[], settings: CloudInitSettings): readonly Problem[] {
  const { userDataLimitBytes: limit, programUrl } = settings;
  const largest = Math.max(...texts.map(({ text }) => Buffer.byteLength(text)));
  return limit === undefined || largest <= limit
    ? []
    : error(
        "RC513",
        "backend.userDataLimitBytes",
        `${largest} bytes for ${texts.find(({ text }) => Buffer.byteLength(text) === largest)?.name}`,
        `must hold the user data, and the provider takes ${limit} bytes`,
        programUrl === undefined
          ? "give `programUrl`: the node program is most of it"
          : "take long texts out of the engine's arguments and environments",
      );
}

/** A job and Ray alone answer nobody. */
function readiness(plan: ClusterPlan, settings: CloudInitSettings): readonly Problem[] {
  return settings.readiness?.kind !== "api" || plan.engine.api
    ? []
    : error(
        "RC514",
        "backend.readiness",
        "ReadinessCheck.api()",
        `must not be given: the engine '${plan.engine.name}' has no API to ask`,
        "use ReadinessCheck.ssh(), or leave it out",
      );
}

function error(rule: string, path: string, got: string, allowed: string, fix: string): readonly Problem[] {
  return [{ rule, level: "error", path, got, allowed, fix }];
}
