import { Token } from "cdktf";
import { problemLine } from "../problems/plan-error";
import type { Problem } from "../problems/problem";
import { code, table } from "../review/table";
import type { ClusterPlan } from "../topology/plan/plan";
import { secretsOn } from "../topology/plan/secrets";
import { bringsWorkload, waitSeconds } from "./cluster-wait";
import type { MachineText } from "./machine-text";
import type { CloudInitSettings } from "./settings";

/** What the machines boot with, as lines of Markdown. */
export function machinesReview(
  plan: ClusterPlan,
  texts: readonly MachineText[],
  settings: CloudInitSettings,
  problems: readonly Problem[],
): readonly string[] {
  return [
    ...table(
      ["machines", "boot with", "bytes"],
      texts.map((text) => row(plan, text)),
      "None.",
    ),
    "",
    "- the machines are made by other resources, or exist; their price is not known here",
    `- node program: ${program(settings)}`,
    `- secrets, fetched into memory at every boot: ${secrets(plan, settings)}`,
    `- apply waits ${waitsFor(plan, settings)}`,
    bringsWorkload(settings.readiness)
      ? "- another workload (engine, model, deadlines) is brought to the head over ssh: the machines stay"
      : "- another workload (engine, model, deadlines) is another text: **the machines are replaced**",
    ...problems.map((problem) => `- ${problem.level}: ${problemLine(problem).trim()}`),
  ];
}

function row(plan: ClusterPlan, { name, nodes, text }: MachineText): readonly string[] {
  const machines = nodes.length === 1 ? nodes[0] : `${nodes[0]} to ${nodes[nodes.length - 1]}`;
  return Token.isUnresolved(text)
    ? [machines, "a text with values known only at apply", "-"]
    : [machines, code(`cloud-init/${plan.name}/${name}.yaml`), String(Buffer.byteLength(text))];
}

function program({ programUrl }: CloudInitSettings): string {
  return programUrl === undefined
    ? "part of each text"
    : `fetched from ${late(programUrl)}, checked by its hash`;
}

function secrets(plan: ClusterPlan, { rayToken }: CloudInitSettings): string {
  const { name, programArguments } = rayToken;
  const token = `the cluster's token from ${code([name, ...programArguments.map(plain)].join(" "))}`;
  const followers = plan.nodes
    .filter(({ role }) => role !== "head")
    .flatMap((node) => secretsOn(plan, node).map(({ name }) => name));
  const where = (name: string) => (followers.includes(name) ? "where the engine runs" : "on the head's");
  return [token, ...plan.secrets.map(({ name }) => `${code(name)}, ${where(name)}`)].join(", ");
}

function waitsFor(plan: ClusterPlan, { readiness, bootTimeoutSeconds }: CloudInitSettings): string {
  if (readiness === undefined) {
    return "for **nothing**: it returns when the machines are made, whether the cluster serves or not";
  }
  const target = readiness.kind === "ssh" ? readiness.sshHost : readiness.url;
  const way = readiness.kind === "ssh" ? "ssh" : "HTTP";
  const from = target === undefined ? "" : ` from ${late(target)}`;
  return `for the head's verdict over ${way}${from}, at most ${waitSeconds(plan, bootTimeoutSeconds)} s`;
}

function late(text: string): string {
  return Token.isUnresolved(text) ? "an address that is known at apply" : code(text);
}

function plain(text: string): string {
  return Token.isUnresolved(text) ? "(known at apply)" : text;
}
