import { allVariables, findVariable, type VariableFacts, variableApplies } from "../../catalog/environment";
import { repeated, unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, warningRule } from "../../problems/rule";
import { didYouMean, nearest, oneOf, show } from "../../problems/text";
import { withdrawableVariables } from "../plan/environment";
import type { ClusterSpec } from "../plan/spec";
import { valueProblem } from "./environment-values";
import type { ClusterRule } from "./rule";
import { known, names, nodeVariables, type Setting, settings } from "./settings";

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that hold a secret by convention; the name of a file with one (`..._PATH`, `..._FILE`) does not match. */
const SECRET_NAME = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)$/i;

export const environmentRules: readonly ClusterRule[] = [
  errorRule("RC040", {
    title: "A variable has a valid name",
    why: "Letters, digits and underscores are what every shell, Docker and Ray accept.",
    check: (spec) =>
      names(spec)
        .filter(({ name }) => !VARIABLE_NAME.test(name))
        .map(({ path, name }) => ({
          path,
          got: show(name),
          must: "consist of letters, digits and underscores and not start with a digit",
          fix: "correct the name",
        })),
  }),
  errorRule("RC041", {
    title: "A variable's value is a single line of text",
    why: "Environment files and Docker cut a value off at its first line break.",
    check: (spec) =>
      settings(spec)
        .filter(({ value }) => typeof value !== "string" || /[\n\r\0]/.test(value))
        .map((setting) => ({
          path: setting.path,
          got:
            typeof setting.value === "string"
              ? shown(setting)
              : `${shown(setting)} (a ${typeof setting.value})`,
          must: "be a single line of text",
          fix: "use one line, or put the value into a file and set the file's path",
        })),
  }),
  errorRule("RC042", {
    title: "A variable that differs between nodes is not set for all nodes",
    why: "Every node would get the address or interface of one of them, and the collectives would hang.",
    check: (spec) =>
      known(spec)
        .filter(({ facts }) => facts.scope === "node" && facts.owner === null)
        .filter(({ scope, facts }) => !(facts.overridable === true && scope === "cluster"))
        .map((setting) => ({
          path: setting.path,
          got: shown(setting),
          must: `not be the same on all nodes (${setting.name}: ${setting.facts.purpose})`,
          fix:
            setting.facts.value === null
              ? "remove it; addressVariables and interfaceVariables take variables whose value each node determines"
              : withdrawableVariables().includes(setting.name)
                ? "remove it: each node determines its own value; withdrawnVariables leaves it unset"
                : "remove it: each node determines its own value",
        })),
  }),
  errorRule("RC043", {
    title: "A variable that Ray's processes need is not set for the engine only",
    why: "Ray's workers inherit the environment of their node, not that of the engine's process.",
    check: (spec) =>
      misplaced(
        spec,
        "driver",
        "cluster",
        ({ setBefore }) => `be set on every node before ${setBefore}`,
        "move it to environment",
      ),
  }),
  errorRule("RC044", {
    title: "A variable of the engine's process is not set on every node",
    why: "Each node would take itself for the leading one.",
    check: (spec) =>
      misplaced(
        spec,
        "cluster",
        "driver",
        () => "be set for the engine's process only",
        "move it to driverEnvironment",
      ),
  }),
  errorRule("RC045", {
    title: "A variable is set in one place",
    why: "Which of two values applies would depend on who starts the process.",
    check: (spec) =>
      repeated(names(spec).map(({ path, name }) => ({ path, value: name })))
        // An engine's own setting may be overridden on purpose.
        .filter(({ path }) => !path.startsWith("engine."))
        .map(({ path, value, first }) => ({
          path,
          got: show(value),
          must: `not be set by ${first} as well`,
          fix: "remove one of the two",
        })),
  }),
  errorRule("RC046", {
    title: "Variables of the node program are left to it",
    why: "Their values follow from the plan; a second one would contradict the plan.",
    check: (spec) =>
      [
        ...known(spec).map((setting) => ({ ...setting, got: shown(setting) })),
        ...nodeVariables(spec).map((named) => ({ ...named, got: show(named.name) })),
      ]
        // An engine's process is not the node program: it may have an import path of its own.
        .filter(({ path }) => path !== "engine.environment.PYTHONPATH")
        .flatMap(({ path, name, got }) => {
          const owner = findVariable(name)?.owner ?? undefined;
          return unless(owner === undefined, {
            path,
            got,
            must: `not be set: it belongs to ${owner}`,
            fix: "remove it",
          });
        }),
  }),
  errorRule("RC047", {
    title: "No secret is an environment variable",
    why: "It would appear in Terraform's state, in docker inspect and in logs.",
    check: (spec) =>
      settings(spec)
        .filter(({ name }) => SECRET_NAME.test(name) && findVariable(name) === undefined)
        .map((setting) => ({
          path: setting.path,
          got: shown(setting),
          must: "not hold a secret",
          fix: `use secrets: { ${setting.name}: SecretRef.hostFile('/root/secret') }, or a property of the engine for it`,
        })),
  }),
  errorRule("RC048", {
    title: "A known variable has a value that its software accepts",
    why: "Most libraries ignore a wrong value silently and continue with another one.",
    check: (spec) =>
      known(spec).flatMap((setting) => {
        const { facts, path, value } = setting;
        const problem =
          isSettable(facts) && typeof value === "string" ? valueProblem(facts, value) : undefined;
        return problem ? { path, got: shown(setting), ...problem } : [];
      }),
  }),
  errorRule("RC049", {
    title: "HCCL has one path between the NPUs of a server",
    why: "HCCL rejects PCIe and RoCE together.",
    check: ({ environment }) =>
      environment.HCCL_INTRA_PCIE_ENABLE === "1" &&
      environment.HCCL_INTRA_ROCE_ENABLE === "1" && {
        path: "environment.HCCL_INTRA_ROCE_ENABLE",
        got: show("1"),
        must: "not be 1 while HCCL_INTRA_PCIE_ENABLE is 1",
        fix: "set one of the two to 0",
      },
  }),
  warningRule("RC050", {
    title: "HCCL's execution timeout fits its expansion mode",
    why: "In AIV mode HCCL silently uses 1091 s for 0 and for anything longer.",
    check: ({ environment }) =>
      environment.HCCL_OP_EXPANSION_MODE === "AIV" &&
      (Number(environment.HCCL_EXEC_TIMEOUT) > 1091 || environment.HCCL_EXEC_TIMEOUT === "0") && {
        path: "environment.HCCL_EXEC_TIMEOUT",
        got: show(environment.HCCL_EXEC_TIMEOUT),
        consequence: "is treated as 1091 s while HCCL_OP_EXPANSION_MODE is AIV",
        fix: "set 1091, or use another mode",
      },
  }),
  errorRule("RC051", {
    title: "A per-node variable differs between nodes",
    why: "A variable with one value for the whole cluster cannot hold the address or interface of a node.",
    check: (spec) =>
      nodeVariables(spec).flatMap(({ path, name }) => {
        const facts = findVariable(name);
        return (
          facts !== undefined &&
          facts.scope !== "node" &&
          facts.owner === null && {
            path,
            got: show(name),
            must: "be a variable that differs between nodes",
            fix: `set it under ${facts.scope === "cluster" ? "environment" : "driverEnvironment"} instead`,
          }
        );
      }),
  }),
  warningRule("RC052", {
    title: "A variable has an effect on this cluster",
    why: "A setting without effect is a misunderstanding.",
    check: (spec) =>
      known(spec)
        .filter(({ facts }) => isSettable(facts))
        .filter(({ facts }) => !variableApplies(facts, spec.collective, spec.engine.name, spec.fabric))
        .map((setting) => ({
          path: setting.path,
          got: shown(setting),
          consequence: `has no effect: ${setting.name} is only read ${appliesText(setting.facts)}`,
          fix: "remove it",
        })),
  }),
  warningRule("RC053", {
    title: "An unknown variable is not a mistyped known one",
    why: "Software ignores names that it does not know.",
    check: (spec) =>
      settings(spec).flatMap(({ path, name }) => {
        const near = findVariable(name) || !VARIABLE_NAME.test(name) ? undefined : nearSame(name);
        return unless(near === undefined, {
          path,
          got: show(name),
          consequence: "is not a known variable, and software ignores names that it does not know",
          fix: `did you mean '${near}'?`,
        });
      }),
  }),
  errorRule("RC054", {
    title: "A withdrawn variable is one that the plan derives",
    why: "A misspelt name would withdraw nothing.",
    check: ({ withdrawnVariables }) =>
      withdrawnVariables.map((name, index) =>
        unless(withdrawableVariables().includes(name), {
          path: `withdrawnVariables[${index}]`,
          got: show(name),
          must: `be ${oneOf(withdrawableVariables())}`,
          fix: didYouMean(name, withdrawableVariables(), "remove it"),
        }),
      ),
  }),
];

/** A value as a message may show it. */
function shown({ name, value }: Setting): string {
  return SECRET_NAME.test(name) ? "a value (not shown)" : show(value);
}

function isSettable({ owner, scope, overridable }: VariableFacts): boolean {
  return owner === null && (scope !== "node" || overridable === true);
}

/** Settings found in one scope of variables that belong in another. */
function misplaced(
  spec: ClusterSpec,
  found: Setting["scope"],
  right: Setting["scope"],
  must: (facts: VariableFacts) => string,
  fix: string,
): readonly ErrorFinding[] {
  return known(spec)
    .filter(({ scope, facts }) => scope === found && facts.scope === right && facts.owner === null)
    .map((setting) => ({ path: setting.path, got: shown(setting), must: must(setting.facts), fix }));
}

function appliesText({ appliesTo: { collectives = [], engines = [], fabrics = [] } }: VariableFacts): string {
  const libraries = collectives.map((name) => name.toUpperCase());
  return [
    ...(libraries.length > 0 ? [`by ${libraries.join(" and ")}`] : []),
    ...(engines.length > 0 ? [`by the engine ${engines.join(" or ")}`] : []),
    ...(fabrics.length > 0 ? [`with the fabric ${fabrics.join(" or ")}`] : []),
  ].join(", ");
}

/** Only a slip of one or two letters in a long name: short names are near to many. */
function nearSame(name: string): string | undefined {
  return name.length < 8
    ? undefined
    : nearest(
        name,
        allVariables()
          .map((variable) => variable.name)
          .filter((candidate) => Math.abs(candidate.length - name.length) <= 2),
      );
}
