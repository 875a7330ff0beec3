import type { ResourceAction } from "../../../../lib/review/change/actions";
import { effectsOf, effectText } from "../../../../lib/review/change/effects";

const HASH = "0123ABCD";

/** Actions, whether the workload differs, and the sentence. */
const CASES: readonly (readonly [string, readonly string[], boolean, RegExp])[] = [
  ["nothing", [], false, /^nothing that is running is touched$/],
  [
    "the readiness check alone",
    [`docker_container.c_gate_${HASH} replace`],
    false,
    /^nothing that is running is touched$/,
  ],
  [
    "another workload",
    [`docker_container.c_gate_${HASH} replace`, `terraform_data.c_lives_${HASH} update`],
    true,
    /^engine restarts; machines, Ray and storage kept$/,
  ],
  [
    "containers",
    [`docker_container.c_a_${HASH} replace`],
    false,
    /^containers, Ray and engine restart on 1 node;/,
  ],
  ["a head", ["aws_instance.head replace"], true, /^\*\*MACHINES ARE REPLACED\*\* \(aws_instance.head\)/],
  ["a new version of a template", ["aws_launch_template.t update"], false, /^\*\*MACHINES ARE REPLACED\*\*/],
  ["a tag of a machine", ["aws_instance.head update"], false, /^nothing that is running is touched$/],
  [
    "a file system",
    ["aws_fsx_lustre_file_system.m replace"],
    false,
    /^\*\*DATA IS LOST \(aws_fsx_lustre_file_system.m\)\*\*/,
  ],
  [
    "a file system that grows",
    ["aws_fsx_lustre_file_system.m update"],
    false,
    /^nothing that is running is touched$/,
  ],
  [
    "the volume of a token",
    [`docker_volume.c_a-secrets_${HASH} delete`],
    false,
    /^nothing that is running is touched$/,
  ],
  [
    "a node that goes",
    [`docker_container.c_a_${HASH} delete`],
    false,
    /^engine restarts.*; nodes: 1 removed$/,
  ],
  ["a node that is forgotten", [`docker_container.c_a_${HASH} forget`], false, /nodes: 1 removed$/],
];

const actions = (texts: readonly string[]) =>
  texts.map((text) => {
    const [address, action] = text.split(" ");
    return { address, action } as ResourceAction;
  });

test.each(CASES)("the sentence of %s", (_, texts, workload, sentence) => {
  expect(effectText(effectsOf(actions(texts), workload, new Set()))).toMatch(sentence);
});

test("rules of networks and roles are found, other resources are not", () => {
  const all = actions([
    "aws_vpc_security_group_ingress_rule.c create",
    "aws_iam_role_policy.p update",
    "aws_vpc.v update",
  ]);
  expect(effectsOf(all, false, new Set()).reach).toEqual([
    "aws_vpc_security_group_ingress_rule.c",
    "aws_iam_role_policy.p",
  ]);
});
