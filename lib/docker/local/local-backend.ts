import type { Construct } from "constructs";
import { ClusterBackend, type ClusterShape, type ClusterSite } from "../../terraform/cluster-backend";
import { localAddresses } from "../../topology/plan/addressing";
import type { ContainerImage } from "../../topology/declaration/container-image";
import type { Place } from "../../topology/plan/place";
import { emulationImage } from "../images/emulation-image";
import { buildLocalCluster } from "./local-cluster";
import { checkLocal, type LocalSettings } from "./local-rules";
import { vllmCpuImage } from "../images/vllm-cpu-image";

/** What may be chosen of a local cluster's place. */
export interface LocalBackendProps {
  /**
   * IPv4 CIDR of the cluster's own bridge network. Two clusters on one Docker host need two.
   *
   * @default '10.89.28.0/24'
   */
  readonly subnetCidr?: string;
  /**
   * TCP port of the Docker host's loopback interface on which users reach the engine's API.
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
   * Shared memory of each container, in MiB; the object store lies in there.
   *
   * @default 256
   */
  readonly sharedMemoryMiB?: number;
}

/** Containers with emulated accelerators on one machine, on a bridge network of their own. */
export class LocalBackend extends ClusterBackend {
  /**
   * Image of the local emulation: Python and a pinned Ray. The command `cdktf-ray-cluster image` builds
   * it; its tag is a hash over its inputs, so synth needs no Docker.
   */
  public static emulationImage(): ContainerImage {
    return emulationImage();
  }

  /**
   * Image of real vLLM on CPUs, with a pinned Ray and a tiny model in `/models/tiny-llama`. The command
   * `cdktf-ray-cluster image vllm-cpu` builds it; as with the emulation's, the tag is a hash over its inputs. Each
   * emulated GPU stands for one rank; vLLM takes a gigabyte of shared memory and two of memory for it.
   */
  public static vllmCpuImage(): ContainerImage {
    return vllmCpuImage();
  }

  /** IPv4 CIDR of the cluster's own bridge network. */
  public readonly subnetCidr: string;
  /** TCP port of the API on the Docker host's loopback interface. */
  public readonly apiPort: number;
  private readonly settings: LocalSettings;

  public constructor(props: LocalBackendProps = {}) {
    super();
    this.subnetCidr = props.subnetCidr ?? "10.89.28.0/24";
    this.apiPort = props.apiPort ?? 8000;
    this.settings = {
      apiPort: this.apiPort,
      dockerHost: props.dockerHost,
      cpusPerNode: props.cpusPerNode ?? 1,
      objectStoreMiB: props.objectStoreMiB ?? 100,
      sharedMemoryMiB: props.sharedMemoryMiB ?? 256,
    };
  }

  /** @internal */
  public override _open(scope: Construct, shape: ClusterShape): ClusterSite {
    return {
      place: this.place(shape),
      problems: checkLocal(this.settings),
      build: (plan) => buildLocalCluster(scope, plan, this.settings),
    };
  }

  private place(shape: ClusterShape): Place {
    return {
      backend: "local",
      subnetCidr: this.subnetCidr,
      addresses: localAddresses(this.subnetCidr, shape.pools),
      networkMode: "bridge",
      emulated: true,
      cpusPerNode: this.settings.cpusPerNode,
      objectStoreMiB: this.settings.objectStoreMiB,
      sharedMemoryMiB: this.settings.sharedMemoryMiB,
    };
  }
}
