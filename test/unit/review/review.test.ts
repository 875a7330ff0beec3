import * as path from "node:path";
import { reviewMarkdown } from "../../../lib/review/review";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import type { ImageSourceProps } from "../../../lib/topology/declaration/image-source";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../lib/topology/planner";
import { expectGolden } from "../../support/golden";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../support/clusters";

const golden = (name: string) => path.join(__dirname, "golden", name);

test("reviewMarkdown of two nodes with emulated NPUs matches the golden page", () => {
  const plan = planCluster(emulatedProps(), localPlace());
  const place = {
    reviewUrl: "http://127.0.0.1:8000/v1",
    reviewMounts: ["volume `local-2x8` at `/var/lib/ray-cluster`"],
  };
  expectGolden(golden("local-2x8.md"), reviewMarkdown(plan, "local", place));
  expect(reviewMarkdown(plan, "local", place)).toBe(reviewMarkdown(plan, "local", place));
});

test("reviewMarkdown of Ascend machines with an old Ray and a tag matches the golden page", () => {
  const plan = planCluster(
    machineProps({
      name: "deepseek",
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB }],
      fabric: Fabric.ROCE,
      image: ContainerImage.of("quay.io/ascend/vllm-ascend:v0.23.0", { rayVersion: "2.48.0" }),
      environment: { HCCL_BUFFSIZE: "1024", HCCL_CONNECT_TIMEOUT: "7200" },
      driverEnvironment: { LOG_LEVEL: "info|debug" },
    }),
    hostsPlace({ addresses: { npu: ["10.20.0.1", "10.20.0.2"] } }),
  );
  expectGolden(golden("hosts-ascend.md"), reviewMarkdown(plan, "hosts"));
});

test("reviewMarkdown names an old Ray and a missing digest", () => {
  const image = ContainerImage.of("a:1", { rayVersion: "2.47.1" });
  const text = reviewMarkdown(planCluster(emulatedProps({ image }), localPlace()), "local");
  expect(text).toContain("**no authentication**");
  expect(text).toContain("- digest: no digest given\n");
  expect(text).toContain("accepted because: a test");
});

test("reviewMarkdown says of each port whether it speaks TLS, and what is unencrypted", () => {
  const text = reviewMarkdown(planCluster(machineProps({ internodeTls: true }), hostsPlace()), "hosts");
  const rows = text.split("\n").filter((line) => /^\| \d{4}/.test(line));
  const transport = rows.map((line) => line.split(" | ").slice(1, 6)).map(([name, , , , how]) => [name, how]);
  expect(Object.fromEntries(transport)).toEqual({
    "node-files": "TLS",
    "node-report": "TLS",
    gcs: "TLS",
    "node-manager": "TLS",
    "object-manager": "TLS",
    "runtime-env-agent": "unencrypted",
    "dashboard-agent-grpc": "TLS",
    "dashboard-agent-listen": "unencrypted",
    "metrics-export": "unencrypted",
    "autoscaler-metrics": "unencrypted",
    "dashboard-metrics": "unencrypted",
    engine: "unencrypted",
    dashboard: "unencrypted",
    client: "TLS",
    workers: "TLS",
  });
  expect(text).toContain("| between nodes |");
  expect(text).toMatch(/- encryption: TLS between the nodes.*NCCL, HCCL, Gloo.* travel unencrypted/);
});

test("reviewMarkdown says that reports, files and Ray's token travel unencrypted where there is no TLS", () => {
  const text = reviewMarkdown(planCluster(machineProps(), hostsPlace()), "hosts");
  expect(text).toContain(
    "- encryption: none between the nodes; reports, files and Ray's token travel unencrypted",
  );
  expect(text).not.toContain("between nodes |");
});

test("reviewMarkdown shows a given digest and never a token", () => {
  const text = reviewMarkdown(planCluster(machineProps(), hostsPlace()), "hosts");
  expect(text).toContain(`- digest: \`sha256:${"0123456789abcdef".repeat(4)}\``);
  expect(text).toContain("- Python: 3.12.7");
  expect(text).not.toContain("no digest");
});

test("reviewMarkdown says what a derived image is built from", () => {
  const base = `vllm/vllm-openai@sha256:${"0123456789abcdef".repeat(4)}`;
  const text = (reference: string) => {
    const image = ContainerImage.withPythonPackages(
      ContainerImage.of(reference),
      ["ray==2.58.0", "httpx==0.28.1"],
      { pipConfigurationFile: "~/.config/pip/pip.conf" },
    );
    return reviewMarkdown(planCluster(emulatedProps({ image }), localPlace()), "local");
  };
  expect(text(base)).toContain(
    [
      "built on each machine",
      `- base: \`${base}\`; nothing that it holds is changed`,
      "- added Python packages: `httpx==0.28.1`, `ray==2.58.0`",
      "- read during the build only, where Terraform runs: `~/.config/pip/pip.conf`",
      "- Ray: 2.58.0",
    ].join("\n"),
  );
  expect(text("vllm/vllm-openai:v0.20.0")).toContain("- base: `vllm/vllm-openai:v0.20.0`, no digest given;");
});

test("reviewMarkdown says at which commit a source is, and what its requirements may change", () => {
  const commit = "8eb27cc2dc34c4d1310b169d9b86d339004d811a";
  const text = (change: Partial<ImageSourceProps>) => {
    const repository = "https://github.com/alibaba/ROLL";
    const image = ContainerImage.withSource(ContainerImage.of("a:1"), {
      ...{ repository, commit, rayVersion: "2.58.0", gitCredentialsFile: "~/.git-credentials" },
      ...change,
    });
    return reviewMarkdown(planCluster(emulatedProps({ image }), localPlace()), "local");
  };
  const source = `- source: \`https://github.com/alibaba/ROLL\` at \`${commit}\` in \`/workspace/ROLL\``;
  expect(text({})).toContain(
    [
      "- base: `a:1`, no digest given",
      source,
      "- read during the build only, where Terraform runs: `~/.git-credentials`",
      "- Ray: 2.58.0",
    ].join("\n"),
  );
  expect(text({ requirements: "r.txt", keep: ["torch", "numpy"] })).toContain(
    `${source}, with \`r.txt\`, which may change the base except \`numpy\`, \`torch\`\n`,
  );
  expect(text({ requirements: "r.txt", keep: [] })).toContain("`r.txt`, which may change the base\n");
});

test("reviewMarkdown marks nodes whose addresses are assigned at boot", () => {
  const pools = [
    { name: "head", nodes: 1 },
    { name: "gpu", nodes: 2, accelerator: Accelerator.H100 },
  ];
  const plan = planCluster(machineProps({ pools }), hostsPlace({ addresses: { head: ["10.20.0.1"] } }));
  const text = reviewMarkdown(plan, "aws");
  expect(text).toContain("| gpu-0 to gpu-1 | worker | assigned at boot | 8 |");
  expect(text).toContain("| head | none | 0 | - | - | - |");
  expect(text).toContain("3 nodes with 16 accelerators on the backend `aws`");
});
