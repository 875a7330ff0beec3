import { Token } from "cdktf";
import { code, table } from "../review/table";
import type { ClusterPlan } from "../topology/plan/plan";
import { waitSeconds } from "./cluster-wait";
import type { MachineText } from "./machine-text";
import type { CloudInitSettings } from "./settings";

/** What machines boot with that this library does not make, as lines of Markdown. */
export function machinesReview(
  plan: ClusterPlan,
  texts: readonly MachineText[],
  settings: CloudInitSettings,
): readonly string[] {
  return [
    ...table(
      ["machines", "boot with", "bytes"],
      texts.map((text) => row(plan, text)),
      "None.",
    ),
    "",
    "- this library makes none of them, and knows nothing of their price",
    `- node program: ${program(settings)}`,
    `- secrets, at every boot into the machine's memory: ${secrets(plan, settings)}`,
    `- an apply waits ${waitsFor(plan, settings)}`,
  ];
}

function row(plan: ClusterPlan, { name, nodes, text }: MachineText): readonly string[] {
  const machines = nodes.length === 1 ? nodes[0] : `${nodes[0]} to ${nodes[nodes.length - 1]}`;
  return Token.isUnresolved(text)
    ? [machines, "a text that holds what is known only at apply", "-"]
    : [machines, code(`cloud-init/${plan.name}/${name}.yaml`), String(Buffer.byteLength(text))];
}

function program({ programUrl }: CloudInitSettings): string {
  return programUrl === undefined ? "a part of each text" : `fetched from ${late(programUrl)}, by its hash`;
}

function secrets(plan: ClusterPlan, { rayToken }: CloudInitSettings): string {
  const { name, programArguments } = rayToken;
  const ray =
    plan.ray.authentication === "token"
      ? [`the Ray token from ${code([name, ...programArguments.map(plain)].join(" "))}`]
      : [];
  const model = plan.staging?.secret === undefined ? [] : ["the model's, on the head's"];
  const all = [...ray, ...model];
  return all.length === 0 ? "none" : all.join(", ");
}

function waitsFor(plan: ClusterPlan, settings: CloudInitSettings): string {
  const { readiness } = settings;
  return readiness === undefined
    ? "for **nothing**: it returns when the machines are made, whether the cluster serves or not"
    : readiness.kind === "ssh"
      ? `by ssh for what the cluster says of itself, at most ${waitSeconds(plan, settings)} s`
      : `for a completion${readiness.url === undefined ? "" : ` from ${late(readiness.url)}`}, at most ${waitSeconds(plan, settings)} s`;
}

function late(text: string): string {
  return Token.isUnresolved(text) ? "an address that is known at apply" : code(text);
}

function plain(text: string): string {
  return Token.isUnresolved(text) ? "(known at apply)" : text;
}
