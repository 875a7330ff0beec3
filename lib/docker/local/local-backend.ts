import type { TerraformProvider } from "cdktf";
import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type IClusterSite } from "../../terraform/cluster-backend";
import type { ContainerImage } from "../../topology/declaration/container-image";
import { emulationImage } from "../images/emulation-image";
import type { LocalSettings } from "./local-rules";
import { LocalSite } from "./local-site";

/** The place of a local cluster. */
export interface LocalBackendProps {
  /**
   * IPv4 CIDR of the cluster's own bridge network. Clusters on the same Docker host need different ones.
   *
   * @default '10.89.28.0/24'
   */
  readonly subnetCidr?: string;
  /**
   * TCP port on the Docker host's loopback interface where users reach the engine's API.
   *
   * @default 8000
   */
  readonly apiPort?: number;
  /**
   * Address of the Docker daemon, e.g. `unix:///var/run/docker.sock`.
   *
   * @default - DOCKER_HOST, else the usual socket
   */
  readonly dockerHost?: string;
  /**
   * Docker provider of the same stack that makes everything of the cluster; its host takes the place of `dockerHost`.
   *
   * @default - the stack's provider of `dockerHost`, which is made where there is none
   */
  readonly provider?: TerraformProvider;
  /**
   * CPUs that each node announces to Ray.
   *
   * @default 1
   */
  readonly cpusPerNode?: number;
  /**
   * Ray's object store in each node, in MiB.
   *
   * @default 100
   */
  readonly objectStoreMiB?: number;
  /**
   * Shared memory of each container, in MiB; it holds the object store.
   *
   * @default 256
   */
  readonly sharedMemoryMiB?: number;
}

/**
 * Containers with emulated accelerators on one machine, on their own bridge network.
 *
 * @example
 * new LocalBackend({ apiPort: 8001, subnetCidr: "10.89.40.0/24" });
 */
export class LocalBackend extends ClusterBackend {
  /**
   * Image of the local emulation: Python and a pinned Ray. The command `cdktf-ray-cluster image` builds
   * it. Its tag is a hash of its inputs, so synth needs no Docker.
   */
  public static emulationImage(): ContainerImage {
    return emulationImage();
  }

  private readonly settings: LocalSettings;

  public constructor({
    subnetCidr = "10.89.28.0/24",
    apiPort = 8000,
    dockerHost,
    provider,
    cpusPerNode = 1,
    objectStoreMiB = 100,
    sharedMemoryMiB = 256,
  }: LocalBackendProps = {}) {
    super();
    this.settings = {
      subnetCidr,
      apiPort,
      dockerHost,
      provider,
      cpusPerNode,
      objectStoreMiB,
      sharedMemoryMiB,
    };
  }

  public override open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
    return new LocalSite(scope, declaration, this.settings);
  }
}
