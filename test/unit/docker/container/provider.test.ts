import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  HostsBackend,
  LocalBackend,
  RayCluster,
} from "../../../../lib";
import { dockerProvider } from "../../../../lib/docker/container/provider";
import { localCluster } from "../../../support/local-cluster";
import { Synthesized } from "../../../support/synth";

describe("dockerProvider", () => {
  it("returns one provider per daemon and stack, the default one without an alias", () => {
    const stack = Synthesized.of((scope) => {
      const byDefault = dockerProvider(scope, undefined);
      const named = dockerProvider(scope, "ssh://ops@10.0.0.7:22");
      expect(dockerProvider(scope, undefined)).toBe(byDefault);
      expect(dockerProvider(scope, "ssh://ops@10.0.0.7:22")).toBe(named);
      expect(named).not.toBe(byDefault);
    });
    expect(stack.json.provider.docker).toEqual([
      {},
      { alias: "ssh-ops-10-0-0-7-22", host: "ssh://ops@10.0.0.7:22" },
    ]);
    stack.remove();
  });

  it("returns the default provider of the user's stack", () => {
    const stack = Synthesized.of((scope) => {
      const own = new DockerProvider(scope, "mine", { host: "unix:///run/docker.sock" });
      expect(dockerProvider(scope, undefined)).toBe(own);
    });
    expect(stack.json.provider.docker).toEqual([{ host: "unix:///run/docker.sock" }]);
    expect(stack.json.terraform.required_providers.docker.version).toBe(">= 4.0.0, < 5.0.0");
    stack.remove();
  });
});

/** Providers of all resources of Docker in a stack. */
function providersOf(stack: Synthesized): readonly unknown[] {
  const types = ["docker_container", "docker_image", "docker_network", "docker_volume"];
  const made = types.flatMap((type) => Object.values(stack.resources(type)));
  return [...new Set(made.map(({ provider }) => provider))];
}

describe("the importer's own providers", () => {
  it("of a local cluster: the one that is given makes everything, whatever the default one is", () => {
    const stack = Synthesized.of((scope) => {
      new DockerProvider(scope, "prod", { host: "ssh://root@prod-box" });
      const provider = new DockerProvider(scope, "lab", { alias: "lab", host: "ssh://root@lab" });
      localCluster(scope, { backend: new LocalBackend({ provider }) });
    });
    expect(providersOf(stack)).toEqual(["docker.lab"]);
    expect(stack.json.provider.docker).toEqual([
      { host: "ssh://root@prod-box" },
      { alias: "lab", host: "ssh://root@lab" },
    ]);
    expect(stack.json.terraform.required_providers.docker.version).toBe(">= 4.0.0, < 5.0.0");
    expect(stack.file("access/c1.json")).toContain('"dockerHost": "ssh://root@lab"');
    stack.remove();
  });

  it("of machines: that of a machine is taken, and never the default one", () => {
    const host = (number: number) => ({
      name: `gpu-${number}`,
      sshHost: `10.1.0.${number}`,
      address: `10.20.0.${number}`,
    });
    const own = { alias: "first", host: "ssh://root@10.1.0.1:22", sshOpts: ["-i", "key"] };
    const stack = Synthesized.of((scope) => {
      new DockerProvider(scope, "prod", { host: "ssh://root@prod-box" });
      new DockerProvider(scope, "first", own);
      new RayCluster(scope, "c1", {
        backend: new HostsBackend({ subnetCidr: "10.20.0.0/24", hosts: [host(1), host(2)] }),
        pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB }],
        fabric: Fabric.ROCE,
        image: ContainerImage.of("registry.example/ray:1", { rayVersion: "2.58.0" }),
        engine: new EmulatedServe(),
      });
    });
    expect(providersOf(stack)).toEqual([
      "docker.containers-c1-first",
      "docker.containers-c1-ssh-root-10-1-0-2-22",
      "docker.first",
      "docker.ssh-root-10-1-0-2-22",
    ]);
    const made: readonly { readonly alias?: string }[] = stack.json.provider.docker;
    expect(made.find(({ alias }) => alias === "containers-c1-first")).toMatchObject({
      ssh_opts: own.sshOpts,
    });
    stack.remove();
  });
});
