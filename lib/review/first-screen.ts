import { counted } from "../problems/text";
import type { ClusterReview } from "./cluster-review";
import { fitText } from "./fit";
import { loadText } from "./load";
import { type Money, moneyText } from "./money";
import { socketText } from "./reach";
import type { StackReview } from "./stack-review";
import { code, table } from "./table";
import { duration } from "./time";

/** Ready or not, in the title of the page. */
export function title({ stack, missing }: StackReview): string {
  return missing.length === 0
    ? `# ${stack}: ready to plan`
    : `# ${stack}: NOT READY, ${counted(missing.length, "input")} missing (${missing.join(", ")})`;
}

/** What a person decides on, of one cluster, on one screen. */
export function firstScreen(cluster: ClusterReview, stack: string): readonly string[] {
  const { money, fit, time, load, reach, wayOut, permissions, destroy } = cluster;
  const rows: readonly (readonly [string, string])[] = [
    ["Money", moneyLine(money)],
    [
      "Change",
      `${code(`npx cdktf-ray-cluster review ${stack} --against state`)} compares this with what is deployed`,
    ],
    [
      "Fit",
      fit === null
        ? "unknown: the model, its parallel layout or the accelerators' memory is not stated"
        : fitText(fit),
    ],
    ["Time", [timeLine(time), ...(load === null ? [] : [loadText(load)])].join(" · ")],
    [
      "Reach",
      [...reach.map(socketText), `outbound: ${wayOut}`, rolesText(permissions)]
        .filter((text) => text !== "")
        .join(" · "),
    ],
    ["Lost with destroy", `${named(destroy.lost)} · kept: ${named(destroy.kept)}`],
    ["Warnings", warningsText(cluster)],
  ];
  return table(["decision", ""], rows, "");
}

function warningsText({ warnings, acknowledgedWarnings: accepted }: ClusterReview): string {
  const open = warnings.length - accepted;
  const texts = [
    ...(open > 0 ? [`${open}, below`] : []),
    ...(accepted > 0 ? [`${accepted} acknowledged`] : []),
  ];
  return texts.length === 0 ? "none" : texts.join("; ");
}

/** Every number of it is computed in one place. */
export function moneyLine(money: Money): string {
  const { perHour, parts, unknown, limit, neverServing, endsAfterFailure } = money;
  if (parts.length === 0) {
    return "nothing that this deployment creates is billed by the hour";
  }
  return [
    perHour === 0 ? "**not known**" : moneyText(money),
    ...(unknown.length > 0 ? [`**not included, price unknown: ${unknown.join(", ")}**`] : []),
    ...(limit === null ? [] : [`price limit of the machines: ${limitText(limit)}`]),
    ...(neverServing === null
      ? []
      : [
          `if it never serves: ${neverServing.toFixed(2)} USD until the deployment gives up, ${
            endsAfterFailure ? "then its machines are terminated" : "**and it keeps costing until `destroy`**"
          }`,
        ]),
  ].join(" · ");
}

function limitText(limit: number | "late" | "none"): string {
  return limit === "none"
    ? "**none set**"
    : limit === "late"
      ? "given at plan, not here"
      : `${limit.toFixed(2)} USD an hour`;
}

function timeLine({ parts, givesUpAfterSeconds }: ClusterReview["time"]): string {
  const each = parts.map(({ what, atMostSeconds }) => `${what} ${duration(atMostSeconds)}`).join(", ");
  const end =
    givesUpAfterSeconds === null
      ? "**the deployment does not wait until it serves**"
      : `the deployment gives up after ${duration(givesUpAfterSeconds)}`;
  return `at most, one step after the other: ${each}; ${end}`;
}

function rolesText(permissions: ClusterReview["permissions"]): string {
  const actions = [...new Set(permissions.flatMap((one) => one.actions))];
  const everything = actions.some((action) => action === "*" || action.endsWith(":*"));
  return actions.length === 0
    ? ""
    : `role: ${counted(actions.length, "action")}${everything ? ", **with a wildcard**" : ""}, below`;
}

function named(what: readonly string[]): string {
  return what.length === 0 ? "nothing" : what.join(", ");
}
