import { join } from "node:path";
import { Container } from "@cdktf/provider-docker/lib/container";
import { Network } from "@cdktf/provider-docker/lib/network";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  Accelerator,
  CloudInitBackend,
  CloudInitSite,
  ContainerImage,
  EmulatedServe,
  Fabric,
  RayCluster,
  ReadinessCheck,
  SecretSource,
} from "../../../lib";

/** What a test says of the one stack. */
export interface CloudInitAppProps {
  readonly name: string;
  /** First three numbers of the network. */
  readonly subnet: string;
  /** Image of the machines. */
  readonly machineImage: string;
  /** Image of the nodes. */
  readonly image: string;
  readonly rayVersion: string;
  /** What the owner of the machines has put on each of them: a folder with secrets, and `key.pub`, which ssh lets in. */
  readonly secretsFolder: string;
  /** Name under which the API serves the model. */
  readonly servedModel: string;
  /** CAP_SYS_RESOURCE, which nobody can give who has it not. */
  readonly withoutLimits: boolean;
}

const SEED = "/var/lib/cloud/seed/nocloud";

/**
 * Machines of a provider that this library knows nothing of: containers with systemd, cloud-init and an engine of their
 * own. The head's address is decided, the worker gets its own from the network, as in a group of machines.
 */
class Machines extends TerraformStack {
  public constructor(app: App, props: CloudInitAppProps) {
    const { name, subnet, image, rayVersion, secretsFolder, servedModel } = props;
    super(app, name);
    const backend = new CloudInitBackend({
      subnetCidr: `${subnet}.0/24`,
      headAddress: `${subnet}.10`,
      rayToken: SecretSource.program(join(__dirname, "machine-secret.sh"), ["ray-token"]),
      readiness: ReadinessCheck.ssh(undefined, {
        sshOptions: [
          `IdentityFile=${secretsFolder}/key`,
          "UserKnownHostsFile=/dev/null",
          "StrictHostKeyChecking=accept-new",
        ],
      }),
      bootTimeoutSeconds: 120,
      cpusPerNode: 1,
      objectStoreMiB: 100,
      sharedMemoryMiB: 256,
    });
    const cluster = new RayCluster(this, name, {
      backend,
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 }],
      fabric: Fabric.TCP,
      image: ContainerImage.of(image, { rayVersion }),
      engine: new EmulatedServe({ servedModel }),
      readOnlyRoot: true,
      engineTimeoutSeconds: 120,
      completionTimeoutSeconds: 30,
      stopTimeoutSeconds: 10,
    });

    new DockerProvider(this, "docker");
    this.addOverride("terraform.required_providers.docker.version", ">= 4.0.0, < 5.0.0");
    const network = new Network(this, "network", { name, ipamConfig: [{ subnet: `${subnet}.0/24` }] });
    const site = CloudInitSite.of(cluster.site);
    site.addMachines(
      cluster.plan.nodes.map((node) => this.machine(node.name, network, site, props, node.address)),
    );
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }

  private machine(
    node: string,
    network: Network,
    site: CloudInitSite,
    props: CloudInitAppProps,
    address: string | undefined,
  ): Container {
    const name = `${props.name}-${node}`;
    const seed = address === undefined ? "npu-worker" : node;
    return new Container(this, `machine-${node}`, {
      name,
      hostname: name,
      image: props.machineImage,
      networksAdvanced: [{ name: network.name, ipv4Address: address }],
      upload: [
        { file: `${SEED}/user-data`, content: site.userData(node) },
        { file: `${SEED}/meta-data`, source: `cloud-init/${props.name}/${seed}.meta-data.yaml` },
      ],
      capabilities: { add: ["ALL"], drop: props.withoutLimits ? ["CAP_SYS_RESOURCE"] : [] },
      securityOpts: ["seccomp=unconfined", "apparmor=unconfined"],
      cgroupnsMode: "host",
      tmpfs: { "/run": "", "/tmp": "" },
      volumes: [
        { hostPath: "/sys/fs/cgroup", containerPath: "/sys/fs/cgroup" },
        { hostPath: props.secretsFolder, containerPath: "/etc/machine-secrets", readOnly: true },
        {
          hostPath: `${props.secretsFolder}/key.pub`,
          containerPath: "/root/.ssh/authorized_keys",
          readOnly: true,
        },
        { containerPath: "/var/lib/docker" },
      ],
    });
  }
}

const app = new App();
new Machines(app, JSON.parse(process.env.E2E_CLOUD_INIT ?? "") as CloudInitAppProps);
app.synth();
