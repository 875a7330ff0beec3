import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { App, TerraformStack, TerraformVariable } from "cdktf";
import { LocalBackend, type LocalBackendProps } from "../../../../lib/docker/local/local-backend";
import { LOCAL_TOPICS } from "../../../../lib/docker/local/local-rules";
import { problemLine } from "../../../../lib/problems/plan-error";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import type { IClusterSite } from "../../../../lib/terraform/cluster-backend";
import { expectGolden } from "../../../support/golden";

const SHAPE = {
  clusterName: "c1",
  pools: [
    { name: "head", nodes: 1 },
    { name: "npu", nodes: 2 },
  ],
  fabric: Fabric.TCP,
  image: LocalBackend.emulationImage(),
  storage: [],
};

function open(props: LocalBackendProps = {}): IClusterSite {
  return new LocalBackend(props).open(new TerraformStack(new App(), "test"), SHAPE);
}

/** One mistake each: rule, property, what was given, and the declaration. */
const BAD: readonly (readonly [string, string, string, LocalBackendProps])[] = [
  ["RC200", "apiPort", "0", { apiPort: 0 }],
  ["RC200", "apiPort", "80000", { apiPort: 80_000 }],
  ["RC200", "apiPort", "80.5", { apiPort: 80.5 }],
  ["RC201", "dockerHost", "'/var/run/docker.sock'", { dockerHost: "/var/run/docker.sock" }],
  ["RC201", "dockerHost", "nothing", { dockerHost: "" }],
];

describe("LocalSite", () => {
  it("without properties has the place that a laptop can run", () => {
    const { place, problems } = open();
    expect(place).toEqual({
      backend: "local",
      subnetCidr: "10.89.28.0/24",
      addresses: { head: ["10.89.28.10"], npu: ["10.89.28.11", "10.89.28.12"] },
      networkMode: "bridge",
      closedBy: "Docker's bridge network, which only this machine reaches",
      emulated: true,
      cpusPerNode: 1,
      objectStoreMiB: 100,
      sharedMemoryMiB: 256,
    });
    expect(problems).toEqual([]);
  });

  it("with another subnet has addresses in it", () => {
    expect(open({ subnetCidr: "10.89.48.0/24" }).place.addresses).toEqual({
      head: ["10.89.48.10"],
      npu: ["10.89.48.11", "10.89.48.12"],
    });
  });

  it.each(BAD)("reports %s for backend.%s %s", (rule, property, got, props) => {
    expect(open(props).problems).toEqual([
      expect.objectContaining({ rule, level: "error", path: `backend.${property}`, got }),
    ]);
  });

  it("reports all problems at once", () => {
    const { problems } = open({ apiPort: -1, dockerHost: "x" });
    expect(problems.map(({ rule }) => rule)).toEqual(["RC200", "RC201"]);
  });

  it("has a bad input for every rule", () => {
    const ids = LOCAL_TOPICS.flatMap(({ rules }) => rules.map(({ id }) => id));
    expect(new Set([...BAD.map(([rule]) => rule), "RC205", "RC206"])).toEqual(new Set(ids));
  });

  it("on the machine of the stack's default Docker provider must be meant", () => {
    const stack = new TerraformStack(new App(), "test");
    new DockerProvider(stack, "prod", { host: "ssh://root@prod-box" });
    const problemsWith = (props: LocalBackendProps) => new LocalBackend(props).open(stack, SHAPE).problems;
    expect(problemsWith({})).toMatchObject([
      {
        rule: "RC205",
        path: "backend.dockerHost",
        got: "nothing, and the stack's default Docker provider is that of 'ssh://root@prod-box'",
      },
    ]);
    expect(problemsWith({ dockerHost: "ssh://root@prod-box" })).toEqual([]);
  });

  it("with a provider needs one of Docker whose host is known, and no other host", () => {
    const stack = new TerraformStack(new App(), "test");
    const docker = new DockerProvider(stack, "lab", { alias: "lab", host: "ssh://root@lab" });
    const host = new TerraformVariable(stack, "host", { type: "string" }).stringValue;
    const late = new DockerProvider(stack, "late", { alias: "late", host });
    const problemsWith = (props: LocalBackendProps) => new LocalBackend(props).open(stack, SHAPE).problems;
    expect(problemsWith({ provider: docker })).toEqual([]);
    expect(problemsWith({ provider: docker, dockerHost: "ssh://root@lab" })).toMatchObject([
      { rule: "RC206", path: "backend.dockerHost", got: "'ssh://root@lab'" },
    ]);
    expect(problemsWith({ provider: late })).toMatchObject([
      { rule: "RC206", path: "backend.provider.host" },
    ]);
    expect(problemsWith({ provider: new AwsProvider(stack, "aws") })).toMatchObject([
      { rule: "RC206", path: "backend.provider", got: "a provider of 'aws'" },
    ]);
  });

  it("has these sentences", () => {
    const stack = new TerraformStack(new App(), "test");
    const beside = { provider: new AwsProvider(stack, "aws"), dockerHost: "ssh://root@lab" };
    const inputs = [...BAD.map(([, , , props]) => props), beside];
    const lines = inputs.flatMap((props) => open(props).problems.map(problemLine));
    expectGolden(join(__dirname, "golden/problems.txt"), `${lines.join("\n")}\n`);
  });
});
