import { execFileSync, spawnSync } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { Container } from "@cdktf/provider-docker/lib/container";
import { TerraformOutput } from "cdktf";
import { ContainerFiles } from "../../../../lib/docker/container/container-files";
import { Gate } from "../../../../lib/docker/container/gate";
import { privateVolume } from "../../../../lib/docker/container/node-container";
import { dockerProvider } from "../../../../lib/docker/container/provider";
import type { GateSpec } from "../../../../lib/runtime/container-spec/gate-container";
import { Synthesized } from "../../../support/synth";

const SPEC: GateSpec = {
  name: "c1-gate",
  image: "example/ray:2.58.0",
  command: ["python3", "-m", "ray_node", "wait"],
  environment: {},
  files: [],
  networkMode: "bridge",
  timeoutSeconds: 60,
};

function synth(): Synthesized {
  return Synthesized.of((scope) => {
    const provider = dockerProvider(scope, undefined);
    const nodes = ["npu-0", "npu-1"].map(
      (name) => new Container(scope, name, { provider, name, image: "i" }),
    );
    const gate = new Gate(scope, {
      provider,
      spec: SPEC,
      nodes,
      placement: {
        containerName: "c1-gate",
        network: { name: "net", address: "10.89.1.2" },
        mounts: [privateVolume("vol")],
        files: new ContainerFiles(scope, "c1", [SPEC]),
      },
    });
    new TerraformOutput(scope, "endpoint", { value: gate.whenServing("http://127.0.0.1:8000") });
  });
}

describe("Gate", () => {
  const stack = synth();
  const gate = stack.resources("docker_container").gate;
  const verdict = gate.provisioner[0]["local-exec"];

  afterAll(() => {
    stack.remove();
  });

  it("runs once and has no devices, ports or restart policy", () => {
    expect(gate).toMatchObject({ attach: true, logs: true, must_run: false, restart: "no", name: "c1-gate" });
    for (const attribute of ["devices", "ports", "healthcheck", "ulimit"]) {
      expect(gate).not.toHaveProperty(attribute);
    }
    expect(gate.capabilities).not.toHaveProperty("add");
  });

  it("has a file that says who deploys, whose content is not part of the plan", () => {
    const uploads = gate.upload.filter(({ file }: { file: string }) => file === "/etc/ray-cluster/deployer");
    expect(uploads).toEqual([{ file: "/etc/ray-cluster/deployer", source: "files/deployer" }]);
    expect(stack.file("files/deployer")).toBe(`${userInfo().username}@${hostname()}\n`);
  });

  it("is replaced when a node was replaced or restarted", () => {
    expect(gate.labels).toEqual([
      { label: "ray-cluster.node.npu-0", value: "${docker_container.npu-0.id}" },
      { label: "ray-cluster.node.npu-1", value: "${docker_container.npu-1.id}" },
    ]);
    expect(gate.lifecycle.replace_triggered_by).toEqual(["docker_container.npu-0", "docker_container.npu-1"]);
  });

  it("has a create timeout longer than its own wait", () => {
    expect(gate.timeouts).toEqual({ create: "180s" });
  });

  it("has an endpoint only when it succeeded", () => {
    expect(stack.json.output.endpoint.value).toBe(
      '${(docker_container.gate.exit_code < 1) ? "http://127.0.0.1:8000" : null}',
    );
  });

  it("passes the log to the verdict in the environment", () => {
    expect(verdict.command).not.toContain("self");
    expect(verdict.environment.GATE_LOG).toContain("self.container_logs");
    expect(verdict.environment.GATE_EXIT_CODE).toBe("${self.exit_code}");
  });

  it.each([
    ["0", "serving\n"],
    ["1", "culprit: npu-1\n`reason` $(with) \"everything\" 'in' it\\n"],
  ])("exits with code %s of the readiness check and prints its log", (code, log) => {
    const environment = { ...process.env, GATE_LOG: log, GATE_EXIT_CODE: code };
    const run = spawnSync("/bin/sh", ["-c", verdict.command], { env: environment, encoding: "utf8" });
    expect(run.status).toBe(Number(code));
    expect(run.stdout).toBe(`${log}\n`);
  });

  it("limits the log to the size of one environment string", () => {
    const [, characters] = /- (\d+)\)/.exec(verdict.environment.GATE_LOG)!;
    const log = "💥".repeat(Number(characters));
    const environment = { ...process.env, GATE_LOG: log, GATE_EXIT_CODE: "0" };
    const printed = execFileSync("/bin/sh", ["-c", verdict.command], { env: environment, encoding: "utf8" });
    expect(printed).toBe(`${log}\n`);
  });
});
