import { join } from "node:path";
import {
  TerraformDataSource,
  TerraformOutput,
  TerraformResource,
  TerraformStack,
  TerraformVariable,
} from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  CloudInitBackend,
  CloudInitSite,
  ContainerImage,
  Fabric,
  HostPathStorage,
  ModelSource,
  RayCluster,
  ReadinessCheck,
  SecretRef,
  SecretSource,
  VllmServe,
} from "../lib";

const SUBNET = "10.40.0.0/24";
const HEAD = "10.40.0.10";
/** Secrets of the project, which exist: the Ray token (`openssl rand -hex 32` is a good one), and the hub's. */
const SECRETS = { ray: "ray-token", model: "huggingface-token" };
/** Size of a metadata value of Compute Engine (compute v1, `Items`). */
const METADATA_VALUE_BYTES = 256 * 1024;

/**
 * Llama 3.1 405B with vLLM over four machines with eight H100 each, on a cloud of which this library knows nothing: its
 * resources are made here, and each machine boots with the text of its node. Required inputs are variables without a
 * default, so that a plan without them stops. The cluster's network is the provider's usual one, TCP.
 */
export class Vllm405bGoogle4x8H100 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const reportUrl = this.input(
      "report_url",
      "Base URL by which this machine reaches the head's report port (6378), e.g. the local end of a tunnel",
    );
    const secrets = join(__dirname, "sources/google_secret.py");
    const cluster = new RayCluster(this, id, {
      backend: new CloudInitBackend({
        subnetCidr: SUBNET,
        headAddress: HEAD,
        rayToken: SecretSource.program(secrets, [SECRETS.ray]),
        secretStore: SecretSource.program(secrets),
        readiness: ReadinessCheck.http(reportUrl),
        userDataLimitBytes: METADATA_VALUE_BYTES,
      }),
      pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100, acceleratorsPerNode: 8 }],
      fabric: Fabric.TCP,
      // vLLM's own image holds no Ray any more. With 2.55 and later its executor is reported to fail.
      image: ContainerImage.withPythonPackages(ContainerImage.of("vllm/vllm-openai:v0.33.0"), [
        "ray==2.54.1",
      ]),
      storage: [HostPathStorage.perNode()],
      model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
        // The commit that MLPerf's inference benchmark pins (mlcommons/inference language/llama3.1-405b).
        revision: "be673f326cab4cd22ccfef76109faf68e41aa5f1",
        token: SecretRef.managed(SECRETS.model),
      }),
      engine: new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 4, maxModelLen: 16_384 }),
    });
    this.provider();
    const subnetwork = this.network(id);
    const email = this.input("service_account", "Address of a service account that may read these secrets");
    const image = this.input("machine_image", "Image with NVIDIA's driver and cloud-init, e.g. of Ubuntu");
    const site = CloudInitSite.of(cluster.site);
    site.addMachines(
      cluster.plan.nodes.map(({ name, address }) =>
        this.make("google_compute_instance", name, {
          name: `${id}-${name}`,
          machine_type: "a3-highgpu-8g",
          boot_disk: { initialize_params: { image, size: 1500, type: "pd-ssd" } },
          network_interface: [{ subnetwork, network_ip: address, nic_type: "GVNIC" }],
          // A machine with GPUs cannot move to another host.
          scheduling: { on_host_maintenance: "TERMINATE" },
          service_account: { email, scopes: ["cloud-platform"] },
          metadata: {
            "user-data": site.userData(name),
            "block-project-ssh-keys": "true",
          },
        }),
      ),
    );
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }

  /** A private network, from which machines reach registry and hub, and which nobody reaches from outside. */
  private network(id: string): string {
    const network = this.make("google_compute_network", "network", {
      name: id,
      auto_create_subnetworks: false,
    });
    const networkId = network.getStringAttribute("id");
    const subnetwork = this.make("google_compute_subnetwork", "subnetwork", {
      name: id,
      network: networkId,
      ip_cidr_range: SUBNET,
      private_ip_google_access: true,
    });
    this.make("google_compute_firewall", "inside", {
      name: `${id}-inside`,
      network: networkId,
      source_ranges: [SUBNET],
      allow: [{ protocol: "tcp" }, { protocol: "icmp" }],
    });
    const router = this.make("google_compute_router", "router", { name: id, network: networkId });
    this.make("google_compute_router_nat", "nat", {
      name: id,
      router: router.getStringAttribute("name"),
      nat_ip_allocate_option: "AUTO_ONLY",
      source_subnetwork_ip_ranges_to_nat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
    });
    return subnetwork.getStringAttribute("id");
  }

  /** Google's provider, without its bindings. */
  private provider(): void {
    const google = { source: "hashicorp/google", version: ">= 6.0.0, < 8.0.0" };
    this.addOverride("terraform.required_providers.google", google);
    const [project, region, zone] = ["project", "region", "zone"].map((name) =>
      this.input(name, `The ${name} in which the machines are made`),
    );
    this.addOverride("provider.google", [{ project, region, zone }]);
    // Without their values: a plan stops where one of them is not there.
    for (const [id, name] of Object.entries(SECRETS)) {
      const type = "google_secret_manager_secret";
      new TerraformDataSource(this, `${id}-secret`, { terraformResourceType: type }).addOverride(
        "secret_id",
        name,
      );
    }
  }

  private make(
    type: string,
    id: string,
    attributes: { readonly [name: string]: unknown },
  ): TerraformResource {
    const resource = new TerraformResource(this, id, { terraformResourceType: type });
    for (const [name, value] of Object.entries(attributes)) {
      resource.addOverride(name, value);
    }
    return resource;
  }

  private input(name: string, description: string): string {
    return new TerraformVariable(this, name, { type: "string", nullable: false, description }).stringValue;
  }
}
