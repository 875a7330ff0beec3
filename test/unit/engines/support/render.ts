import { problemLine } from "../../../../lib/problems/plan-error";
import type { EngineSpec } from "../../../../lib/topology/engine-spec";
import { groups } from "./flags";
import { bound, type System } from "./systems";

/** A system as a person reads it: commands one flag a line, environment by scope, and what surrounds them. */
export function renderSystem(system: System): string {
  const { spec, environment } = bound(system);
  const nodes = spec.nodeEnvironment ?? [];
  return [
    `# ${system.title}`,
    `Image \`${system.image}\` with Ray ${system.rayVersion}. The head is 10.20.0.1.`,
    section("Command on the head", code(command(spec.argv))),
    spec.follower &&
      section(
        "Command on every other node",
        code([...command(spec.follower.argv), `  ${spec.follower.rankFlag} <rank of the node>`]),
      ),
    spec.workingDirectory && `Both start in \`${spec.workingDirectory}\`.`.replace("Both start", "It starts"),
    section("Environment", [
      variables("The same on every node, before Ray starts", environment.cluster),
      variables("On every node, each its own", environment.node, (value) => `its own ${value}`),
      ...nodes.map((node, rank) => variables(`On the node of rank ${rank}`, node)),
      variables("Only for the engine's process", environment.driver),
      spec.withheld?.length &&
        `Kept from the engine's process, which must not use or pass on a node's own value: ${quoted(spec.withheld)}.`,
    ]),
    ...(spec.texts ?? []).map(({ path, text }) => section(`File ${path}`, code([text.trimEnd()]))),
    section("Ready when", [readiness(spec)]),
    section("Ports on the head", [ports(spec)]),
    section("The image must hold", [requirements(spec)]),
    spec.problems?.length &&
      section("Problems", code(spec.problems.map((problem) => problemLine(problem).trim()))),
  ]
    .filter((part) => typeof part === "string")
    .join("\n\n")
    .concat("\n");
}

function section(title: string, parts: readonly (string | false | 0 | undefined)[]): string {
  return [`## ${title}`, ...parts.filter((part) => typeof part === "string")].join("\n\n");
}

function code(lines: readonly string[]): readonly string[] {
  return [["```", ...lines, "```"].join("\n")];
}

function command(argv: readonly string[]): readonly string[] {
  return groups(argv).map(({ flag, values }) =>
    [flag ? `  ${flag}` : "", ...values].join(" ").replace(/^ (?=\S)/, ""),
  );
}

function variables(
  title: string,
  record: { readonly [name: string]: string },
  show = (value: string) => value,
): string {
  const lines = Object.entries(record)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${show(value)}`);
  return `${title}:\n\n${code(lines.length === 0 ? ["(none)"] : lines)[0]}`;
}

function readiness({ api }: EngineSpec): string {
  if (api === undefined) {
    return "It is a job: it runs to its end, and its exit status is the outcome.";
  }
  return (
    `GET \`http://10.20.0.1:${api.port}${api.healthPath}\` ` +
    `${api.servers === undefined ? "answers 200" : `lists ${api.servers} servers`}, and then ` +
    api.proof
      .map(
        ({ kind, path, body }) =>
          `POST \`${path}\` (${kind}) with\n\n${code([JSON.stringify(body)])[0]}\n\nis answered`,
      )
      .join(", or where that is refused, ") +
    "."
  );
}

function ports({ api, ports: more }: EngineSpec): string {
  const all = [
    ...(api ? [`- ${api.port}: the API`] : []),
    ...more.map(({ name, from, to, where }) => {
      const range = from === to ? String(from) : `${from} to ${to}`;
      return `- ${range}: ${name}${where === "node" ? ", on every node" : ""}`;
    }),
  ];
  return all.length === 0 ? "None." : all.join("\n");
}

function requirements({ requires, rayVersions }: EngineSpec): string {
  const { minimum, maximum } = rayVersions;
  const range = [minimum && `${minimum} or newer`, maximum && `${maximum} or older`]
    .filter(Boolean)
    .join(", ");
  return [
    `- Ray${range ? ` ${range}` : ""}`,
    ...(requires?.programs ?? []).map((name) => `- the program \`${name}\``),
    ...(requires?.pythonModules ?? []).map((name) => `- the Python module \`${name}\``),
    ...(requires?.paths ?? []).map((path) => `- \`${path}\``),
  ].join("\n");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
