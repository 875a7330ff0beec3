import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clusterOf, clustersOf, nodeOf } from "../../../../lib/cli/cluster/clusters";
import { listMachines } from "../../../../lib/cli/cluster/ec2-nodes";
import { attributesOf } from "../../../../lib/cli/cluster/terraform-state";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { EC2, LOCAL, outputOf, SSH } from "./support";

const outputs: string[] = [];
let fakes: FakePrograms | undefined;

function output(...parameters: Parameters<typeof outputOf>): string {
  const made = outputOf(...parameters);
  outputs.push(made);
  return made;
}

afterEach(() => {
  fakes?.restore();
  fakes = undefined;
  outputs.splice(0).forEach((folder) => {
    rmSync(folder, { recursive: true });
  });
});

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => String(error),
  );

describe("clusters of a stack", () => {
  it("are those that were synthesized, the head first", async () => {
    const folder = output("app", LOCAL);
    const [found, ...others] = await clustersOf({ stack: "app", output: folder });
    expect(others).toEqual([]);
    expect(found).toEqual({
      name: "c1",
      apiPort: 8000,
      dashboardPort: 8265,
      stackFolder: join(folder, "stacks", "app"),
      nodes: ["npu-0", "npu-1"].map((name, index) => ({
        name,
        called: name,
        isHead: index === 0,
        reach: { kind: "docker", container: `c1-${name}`, host: undefined },
      })),
    });
  });

  it("on machines are reached over ssh, and on a Docker engine that is named through it", async () => {
    const [first, second] = LOCAL.place === "aws" ? [] : LOCAL.nodes;
    const nodes = [
      { ...first, sshArguments: SSH.sshArguments },
      { ...second, dockerHost: "ssh://root@big" },
    ];
    const folder = output("app", { ...LOCAL, place: "hosts", nodes });
    const [{ nodes: found }] = await clustersOf({ stack: "app", output: folder });
    expect(found.map(({ reach }) => reach)).toEqual([
      { kind: "ssh", container: "c1-npu-0", sshArguments: SSH.sshArguments },
      { kind: "docker", container: "c1-npu-1", host: "ssh://root@big" },
    ]);
  });

  it.each<[string, { stack: string; cluster?: string }, RegExp]>([
    ["a stack that is not there", { stack: "other" }, /has no stack 'other'\n {2}It has: app, bare\./],
    [
      "a stack without a cluster",
      { stack: "bare" },
      /stack 'bare' has no cluster that this command can reach/,
    ],
    [
      "a cluster that is not there",
      { stack: "app", cluster: "c9" },
      /no cluster 'c9'\n {2}Its clusters: c1, c2\./,
    ],
    ["several clusters", { stack: "app" }, /stack 'app' has 2 clusters: c1, c2\n {2}Name one: --cluster/],
  ])("%s is an error that says what there is", async (_, choice, message) => {
    const folder = output("app", LOCAL, { ...LOCAL, cluster: "c2" });
    mkdirSync(join(folder, "stacks", "bare"));
    expect(await messageOf(clusterOf({ ...choice, output: folder }))).toMatch(message);
  });

  it("nothing synthesized is an error with the command", async () => {
    expect(await messageOf(clustersOf({ stack: "app", output: "/nowhere" }))).toMatch(
      /Run `npx cdktf synth` first/,
    );
  });

  it("one of several is chosen by its name", async () => {
    const folder = output("app", LOCAL, { ...LOCAL, cluster: "c2" });
    expect((await clusterOf({ stack: "app", cluster: "c2", output: folder })).name).toBe("c2");
    expect(await clustersOf({ stack: "app", output: folder })).toHaveLength(2);
  });

  it("a node is the head where none is named, and a wrong name is an error with the right ones", async () => {
    const found = await clusterOf({ stack: "app", output: output("app", LOCAL) });
    expect([nodeOf(found, undefined).name, nodeOf(found, "npu-1").name]).toEqual(["npu-0", "npu-1"]);
    expect(() => nodeOf(found, "npu-2")).toThrow("cluster 'c1' has no node 'npu-2'");
  });
});

describe("machines of EC2", () => {
  const resource = (mode: string, type: string, name: string, attributes: object, module?: string) => ({
    ...{ mode, type, name, module },
    instances: [{ attributes }],
  });
  const STATE = {
    version: 4,
    resources: [
      resource("managed", "aws_instance", "llama_head_2", { id: "i-other" }, "module.x"),
      resource("data", "aws_region", "llama_region_1", { id: "us-west-2" }),
      resource("managed", "aws_instance", "llama_head_2", { id: "i-head" }),
      resource("managed", "aws_autoscaling_group", "llama_workers_3", { name: "llama-gpu-2026" }),
    ],
  };
  const MACHINES = [
    ["i-b", "10.0.0.20", "llama-gpu-2026"],
    ["i-a", "10.0.0.9", "llama-gpu-2026"],
    ["i-c", "10.0.0.30", "another"],
  ];
  const found = async (terraform: Answer, aws: Answer) => {
    fakes = new FakePrograms({ terraform: [terraform], aws: [aws] });
    return clustersOf({ stack: "prod", output: output("prod", EC2) });
  };

  it("are the head of Terraform's state and the present members of its groups", async () => {
    const [{ nodes }] = await found(`*|0|${JSON.stringify(STATE)}`, `*|0|${JSON.stringify(MACHINES)}`);
    expect(nodes.map(({ called, isHead, reach }) => [called, isHead, reach])).toEqual(
      [
        ["gpu-0", "i-head"],
        ["gpu-10.0.0.9", "i-a"],
        ["gpu-10.0.0.20", "i-b"],
      ].map(([name, instanceId], index) => [
        `${name} (${instanceId})`,
        index === 0,
        {
          ...{ kind: "session", container: "ray-cluster", service: "ray-cluster.service" },
          ...{ region: "us-west-2", instanceId },
        },
      ]),
    );
    const [pull, list] = fakes?.calls() ?? [];
    expect(pull).toMatch(/^terraform -chdir=\S+\/stacks\/prod state pull$/);
    expect(list).toBe(`aws ${listMachines("us-west-2", ["llama-gpu-2026"]).join(" ")}`);
  });

  it("the list asks for running members of the groups only", () => {
    expect(listMachines("us-west-2", ["a", "b"])).toEqual([
      ...["ec2", "describe-instances", "--region", "us-west-2", "--output", "json", "--no-cli-pager"],
      ...["--filters", "Name=tag:aws:autoscaling:groupName,Values=a,b"],
      "Name=instance-state-name,Values=pending,running",
      ...["--query"],
      "Reservations[].Instances[].[InstanceId,PrivateIpAddress,Tags[?Key=='aws:autoscaling:groupName']|[0].Value]",
    ]);
  });

  it.each<[string, Answer, Answer, RegExp]>([
    ["an empty state", "*|0|", "*|0|[]", /cluster 'llama' is not deployed\n {2}Run `npx cdktf deploy` first/],
    [
      "a state without the head",
      `*|0|${JSON.stringify({ resources: STATE.resources.slice(0, 2) })}`,
      "*|0|[]",
      /state has no aws_/,
    ],
    [
      "Terraform that is not initialized",
      "*|1|Error: Backend initialization required",
      "*|0|[]",
      /Backend initialization required\n {2}Run `npx cdktf diff`/,
    ],
    [
      "AWS that refuses",
      `*|0|${JSON.stringify(STATE)}`,
      "*|254|ExpiredToken",
      /aws ec2 describe-instances failed \(exit code 254\):\n {4}ExpiredToken/,
    ],
  ])("%s is an error with its reason", async (_, terraform, aws, message) => {
    expect(await messageOf(found(terraform, aws))).toMatch(message);
  });

  it("attributes are those of the root module and of the right kind", () => {
    const state = { resources: STATE.resources as never };
    expect(attributesOf(state, "aws_instance.llama_head_2")).toEqual({ id: "i-head" });
    expect(attributesOf(state, "data.aws_region.llama_region_1")).toEqual({ id: "us-west-2" });
    expect(attributesOf(state, "aws_region.llama_region_1")).toBeUndefined();
    expect(attributesOf({}, "aws_instance.x")).toBeUndefined();
  });
});
