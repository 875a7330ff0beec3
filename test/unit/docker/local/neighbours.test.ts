import { App, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { PlanError } from "../../../../lib";
import { LocalBackend, type LocalBackendProps } from "../../../../lib";
import { NEIGHBOUR_TOPIC } from "../../../../lib/docker/local/neighbour-rules";
import type { Problem } from "../../../../lib/problems/problem";
import { throwProblems } from "../../../../lib/terraform/app-problems";
import { localCluster } from "../../../support/local-cluster";

const APART: LocalBackendProps = { subnetCidr: "10.89.29.0/24", apiPort: 8001 };

const add = (scope: Construct, props: LocalBackendProps, name: string) =>
  localCluster(scope, { backend: new LocalBackend(props) }, name);

function problemsOf(app: App): readonly Problem[] {
  try {
    throwProblems(app);
    return [];
  } catch (error) {
    return (error as PlanError).problems;
  }
}

/** Problems of two clusters of one stack. */
function together(second: LocalBackendProps, name = "two"): readonly Problem[] {
  const app = new App();
  const stack = new TerraformStack(app, "s");
  add(stack, {}, "one");
  add(stack, second, name);
  return problemsOf(app);
}

test("two default clusters of a stack have the same network and port", () => {
  expect(together({})).toMatchObject([
    { rule: "RC203", construct: "s/two", path: "backend.apiPort", got: "8000" },
    { rule: "RC203", construct: "s/two", path: "backend.subnetCidr", got: "'10.89.28.0/24'" },
  ]);
});

test.each<[path: string, second: LocalBackendProps]>([
  ["backend.subnetCidr", { ...APART, subnetCidr: "10.89.28.128/25" }],
  ["backend.subnetCidr", { ...APART, subnetCidr: "10.89.0.0/16" }],
  ["backend.apiPort", { ...APART, apiPort: 8000 }],
])("%s is taken with %j", (path, second) => {
  expect(together(second)).toMatchObject([
    { rule: "RC203", path, must: "not be that of the cluster 's/one'" },
  ]);
});

test("a name is taken", () => {
  const app = new App();
  const stack = new TerraformStack(app, "s");
  add(stack, {}, "one");
  add(new Construct(stack, "team"), APART, "one");
  expect(problemsOf(app)).toMatchObject([
    { rule: "RC203", construct: "s/team/one", path: "name", got: "'one'" },
  ]);
});

test("clusters that are apart, or on different Docker hosts, are fine", () => {
  expect(together(APART)).toEqual([]);
  expect(together({ dockerHost: "tcp://10.0.0.2:2375" })).toEqual([]);
});

test("clusters of different stacks are warned of", () => {
  const app = new App();
  add(new TerraformStack(app, "dev"), {}, "one");
  const stack = new TerraformStack(app, "prod");
  const { node } = add(stack, { ...APART, apiPort: 8000 }, "one");
  expect(problemsOf(app)).toEqual([]);
  const texts = node.metadata.map(({ data }) => String(data)).filter((text) => text.includes("RC204"));
  expect(texts).toEqual([
    expect.stringMatching(/^backend.apiPort \[RC204\]: 8000 is also that of the cluster 'dev\/one'/),
    expect.stringMatching(/^name \[RC204\]: 'one' is also that of the cluster 'dev\/one'/),
  ]);
});

test("every rule has a bad input", () => {
  expect(NEIGHBOUR_TOPIC.rules.map(({ id }) => id)).toEqual(["RC203", "RC204"]);
});
