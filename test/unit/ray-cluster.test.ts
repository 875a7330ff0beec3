import type { TerraformStack } from "cdktf";
import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  LocalBackend,
  PlanError,
  RayCluster,
  type RayClusterProps,
} from "../../lib";
import { Synthesized } from "../support/synth";

function props(change: Partial<RayClusterProps> = {}): RayClusterProps {
  return {
    backend: new LocalBackend(),
    pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }],
    fabric: Fabric.TCP,
    image: LocalBackend.emulationImage(),
    engine: new EmulatedServe(),
    ...change,
  };
}

describe("RayCluster", () => {
  it("exposes the plan under the construct's id", () => {
    Synthesized.of((stack) => {
      const { plan } = new RayCluster(stack, "c1", props());
      expect(plan.name).toBe("c1");
      expect(plan.nodes.map((node) => [node.name, node.role, node.address])).toEqual([
        ["npu-0", "head", "10.89.28.10"],
        ["npu-1", "worker", "10.89.28.11"],
      ]);
    }).remove();
  });

  it("fails the synth with all problems of declaration and place", () => {
    const build = (stack: TerraformStack): RayCluster =>
      new RayCluster(
        stack,
        "c1",
        props({
          backend: new LocalBackend({ subnetCidr: "10.89.28.0/99", apiPort: 0 }),
          pools: [{ name: "npu", nodes: 0, accelerator: Accelerator.EMULATED_NPU }],
        }),
      );
    let thrown: unknown;
    try {
      Synthesized.of(build);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PlanError);
    const paths = (thrown as PlanError).problems.map((problem) => problem.path);
    expect(paths).toEqual(
      expect.arrayContaining(["backend.apiPort", "backend.subnetCidr", "pools[0].nodes"]),
    );
  });

  it("turns every warning of the plan into an annotation", () => {
    Synthesized.of((stack) => {
      const floating = ContainerImage.of("example/ray:latest", {
        rayVersion: "2.47.1",
        allowFloatingTag: true,
      });
      const cluster = new RayCluster(
        stack,
        "c1",
        props({ image: floating, allowUnauthenticatedRay: "a test" }),
      );
      expect(cluster.plan.warnings.length).toBeGreaterThan(0);
      const annotations = cluster.node.metadata.filter((entry) => entry.type === "@cdktf/warn");
      expect(annotations.map((entry) => entry.data)).toEqual(
        cluster.plan.warnings.map((warning) => expect.stringContaining(`${warning.path} [${warning.rule}]`)),
      );
    }).remove();
  });

  it("shares review and provider between two clusters of a stack", () => {
    const stack = Synthesized.of((scope) => {
      new RayCluster(scope, "c1", props());
      new RayCluster(
        scope,
        "c2",
        props({ backend: new LocalBackend({ subnetCidr: "10.89.29.0/24", apiPort: 8010 }) }),
      );
    });
    const review = stack.file("review.md");
    expect(review).toMatch(/^# test: ready to plan\n/);
    expect(review.indexOf("\n## c1\n")).toBeLessThan(review.indexOf("\n## c2\n"));
    expect(review).toContain("# Review of cluster `c2`");
    expect(JSON.parse(stack.file("review.json")).made).toEqual({
      docker_container: 6,
      docker_network: 2,
      docker_volume: 2,
      terraform_data: 2,
    });
    expect(stack.json.provider.docker).toEqual([{}]);
    expect(stack.counts()).toEqual({
      docker_container: 6,
      docker_network: 2,
      docker_volume: 2,
      terraform_data: 2,
    });
    stack.remove();
  });

  it("uses a separate provider for a named Docker daemon", () => {
    const stack = Synthesized.of((scope) => {
      new RayCluster(scope, "c1", props());
      const dockerHost = "unix:///run/user/1000/docker.sock";
      new RayCluster(scope, "c2", props({ backend: new LocalBackend({ dockerHost }) }));
    });
    const alias = "unix-run-user-1000-docker-sock";
    expect(stack.json.provider.docker).toEqual([{}, { alias, host: "unix:///run/user/1000/docker.sock" }]);
    const providers = Object.values(stack.resources("docker_container")).map(
      (container) => container.provider,
    );
    expect(providers.sort()).toEqual(["docker", "docker", "docker", ...Array(3).fill(`docker.${alias}`)]);
    stack.remove();
  });
});
