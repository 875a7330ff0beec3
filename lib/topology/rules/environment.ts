import { allVariables, findVariable, type VariableFacts, variableApplies } from "../../catalog/environment";
import type { ClusterSpec } from "../plan/spec";
import { valueProblem } from "./environment-values";
import type { Finding, Rule } from "./rule";
import { known, names, nodeVariables, settings } from "./settings";
import { nearest, show } from "../../problems/text";

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that hold a secret by custom; the name of a file with one (`..._PATH`, `..._FILE`) does not match. */
const SECRET_NAME = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)$/i;

export const environmentRules: readonly Rule[] = [
  {
    id: "RC040",
    level: "error",
    title: "A variable's name is a name",
    why: "Letters, digits and underscores are what every shell, Docker and Ray agree on.",
    check: (spec) =>
      names(spec)
        .filter(({ name }) => !VARIABLE_NAME.test(name))
        .map(({ path, name }) => ({
          path,
          got: show(name),
          allowed: "must be letters, digits and underscores, not beginning with a digit",
          fix: "correct the name",
        })),
  },
  {
    id: "RC041",
    level: "error",
    title: "A variable's value is one line of text",
    why: "Environment files and Docker cut a value at its first line break.",
    check: (spec) =>
      settings(spec)
        .filter(({ value }) => typeof value !== "string" || /[\n\r\0]/.test(value))
        .map(({ path, value }) => ({
          path,
          got: typeof value === "string" ? show(value) : `${show(value)} (a ${typeof value})`,
          allowed: "must be text without line breaks",
          fix: "give one line of text, or name a file",
        })),
  },
  {
    id: "RC042",
    level: "error",
    title: "What differs from node to node is not set for all nodes",
    why: "Every node would get the address or interface of one of them, and the collectives hang.",
    check: (spec) =>
      known(spec)
        .filter(({ facts }) => facts.scope === "node" && facts.owner === null)
        .filter(({ scope, facts }) => !(facts.overridable === true && scope === "cluster"))
        .map(({ path, value, facts, name }) => ({
          path,
          got: show(value),
          allowed: `must not be set here: ${name} differs from node to node (${facts.purpose})`,
          fix:
            facts.value === null
              ? "remove it; addressVariables and interfaceVariables take names whose value each node finds"
              : "remove it: each node finds its own value",
        })),
  },
  {
    id: "RC043",
    level: "error",
    title: "What must be set before Ray starts is not set for the engine only",
    why: "Ray's workers inherit the environment of their node, not that of the engine's process.",
    check: (spec) => misplaced(spec, "cluster", "driver", "environment"),
  },
  {
    id: "RC044",
    level: "error",
    title: "What belongs to the engine's process is not set on every node",
    why: "Each node would take itself for the one that leads.",
    check: (spec) => misplaced(spec, "driver", "cluster", "driverEnvironment"),
  },
  {
    id: "RC045",
    level: "error",
    title: "A variable is set in one place",
    why: "Which of two values holds would depend on who starts the process.",
    check: checkTwice,
  },
  {
    id: "RC046",
    level: "error",
    title: "What the node program sets is left to it",
    why: "Its value follows from the plan; a second one would contradict the plan.",
    check: (spec) =>
      known(spec)
        .filter(({ facts }) => facts.owner !== null)
        // An engine's process is not the node program: it may have an import path of its own.
        .filter(({ path }) => path !== "engine.environment.PYTHONPATH")
        .map(({ path, value, facts, name }) => ({
          path,
          got: SECRET_NAME.test(name) ? "a value" : show(value),
          allowed: `must not be set: ${name} belongs to ${facts.owner}`,
          fix: "remove it",
        })),
  },
  {
    id: "RC047",
    level: "error",
    title: "No secret is an environment variable",
    why: "It would lie in Terraform's state, in docker inspect and in the logs.",
    check: (spec) =>
      settings(spec)
        .filter(({ name }) => SECRET_NAME.test(name) && findVariable(name) === undefined)
        .map(({ path, name }) => ({
          path,
          got: "a value (not shown)",
          allowed: "must not hold a secret",
          fix: `put it into a file on the nodes and name that with ${name}_PATH or what your program takes`,
        })),
  },
  {
    id: "RC048",
    level: "error",
    title: "A known variable has a value that its software takes",
    why: "Most libraries take a wrong value in silence and go on with another.",
    check: (spec) =>
      known(spec).flatMap(({ path, value, facts }) => {
        const settable = isSettable(facts) && typeof value === "string";
        const problem = settable ? valueProblem(facts, value) : undefined;
        return problem ? [{ path, got: show(value), ...problem }] : [];
      }),
  },
  {
    id: "RC049",
    level: "error",
    title: "HCCL has one path between the NPUs of a server",
    why: "HCCL refuses PCIe and RoCE together.",
    check: ({ environment }) =>
      environment.HCCL_INTRA_PCIE_ENABLE === "1" && environment.HCCL_INTRA_ROCE_ENABLE === "1"
        ? [
            {
              path: "environment.HCCL_INTRA_ROCE_ENABLE",
              got: show("1"),
              allowed: "must not be 1 together with HCCL_INTRA_PCIE_ENABLE",
              fix: "set one of the two to 0",
            },
          ]
        : [],
  },
  {
    id: "RC050",
    level: "warning",
    title: "HCCL's execution timeout fits its expansion mode",
    why: "With AIV HCCL takes 1091 s for 0 and for everything above, in silence.",
    check: ({ environment }) =>
      environment.HCCL_OP_EXPANSION_MODE === "AIV" &&
      (Number(environment.HCCL_EXEC_TIMEOUT) > 1091 || environment.HCCL_EXEC_TIMEOUT === "0")
        ? [
            {
              path: "environment.HCCL_EXEC_TIMEOUT",
              got: show(environment.HCCL_EXEC_TIMEOUT),
              allowed: "counts as 1091 s with HCCL_OP_EXPANSION_MODE=AIV",
              fix: "use 1091 or another mode",
            },
          ]
        : [],
  },
  {
    id: "RC051",
    level: "error",
    title: "Per-node variables are named once and can be set",
    why: "A variable cannot hold an address and an interface, nor a value of the plan and one of the node.",
    check: checkNodeVariables,
  },
  {
    id: "RC052",
    level: "warning",
    title: "A variable has an effect on this cluster",
    why: "A setting without effect is a misunderstanding.",
    check: (spec) =>
      known(spec)
        .filter(({ facts }) => isSettable(facts))
        .filter(({ facts }) => !variableApplies(facts, spec.collective, spec.engine.name, spec.fabric))
        .map(({ path, value, facts }) => ({
          path,
          got: show(value),
          allowed: `has no effect here: ${appliesText(facts)}`,
          fix: "remove it",
        })),
  },
  {
    id: "RC053",
    level: "warning",
    title: "An unknown variable is not a mistyped known one",
    why: "Software ignores a name that it does not know.",
    check: (spec) =>
      settings(spec).flatMap(({ path, name }) => {
        const near = findVariable(name) || !VARIABLE_NAME.test(name) ? undefined : nearSame(name);
        return near === undefined
          ? []
          : [
              {
                path,
                got: show(name),
                allowed: "is not in the catalogue of variables",
                fix: `did you mean '${near}'?`,
              },
            ];
      }),
  },
];

function isSettable({ owner, scope, overridable }: VariableFacts): boolean {
  return owner === null && (scope !== "node" || overridable === true);
}

function misplaced(
  spec: ClusterSpec,
  scope: "cluster" | "driver",
  found: "cluster" | "driver",
  right: string,
): readonly Finding[] {
  return known(spec)
    .filter((setting) => setting.scope === found && setting.facts.scope === scope)
    .filter(({ facts }) => facts.owner === null)
    .map(({ path, value, facts, name }) => ({
      path,
      got: show(value),
      allowed: `must not be set here: ${name} has the scope '${scope}' (set before ${facts.setBefore})`,
      fix: `move it to ${right}`,
    }));
}

function checkTwice(spec: ClusterSpec): readonly Finding[] {
  const seen = new Map<string, string>();
  return settings(spec).flatMap(({ name, path, value }) => {
    const other = seen.get(name);
    seen.set(name, other ?? path);
    // An engine's own setting may be overridden on purpose.
    return other === undefined || path.startsWith("engine.")
      ? []
      : [
          {
            path,
            got: show(value),
            allowed: `must not be set besides ${other}`,
            fix: "remove one of the two",
          },
        ];
  });
}

function checkNodeVariables(spec: ClusterSpec): readonly Finding[] {
  const seen = new Map(settings(spec).map(({ name, path }) => [name, path]));
  return nodeVariables(spec).flatMap(({ name, path }) => {
    const other = seen.get(name);
    const facts = findVariable(name);
    seen.set(name, path);
    if (other !== undefined) {
      return [
        { path, got: show(name), allowed: `must not be set besides ${other}`, fix: "remove one of the two" },
      ];
    }
    if (facts === undefined || (facts.scope === "node" && facts.owner === null)) {
      return [];
    }
    return [
      {
        path,
        got: show(name),
        allowed:
          facts.owner === null
            ? `must differ from node to node, but ${name} has the scope '${facts.scope}'`
            : `must not be set: ${name} belongs to ${facts.owner}`,
        fix: "remove it",
      },
    ];
  });
}

function appliesText({ appliesTo, name }: VariableFacts): string {
  const { collectives = [], engines = [], fabrics = [] } = appliesTo;
  const places = [...collectives, ...engines, ...fabrics];
  return `${name} belongs to ${places.join(", ")}`;
}

/** Only a slip of one or two letters in a long name: short names are near to many. */
function nearSame(name: string): string | undefined {
  const near = nearest(
    name,
    allVariables().map((variable) => variable.name),
  );
  return near !== undefined && name.length >= 8 && Math.abs(near.length - name.length) <= 2
    ? near
    : undefined;
}
