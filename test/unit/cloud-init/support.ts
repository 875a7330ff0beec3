import { TerraformResource, type TerraformStack } from "cdktf";
import { CloudInitBackend, type CloudInitBackendProps } from "../../../lib/cloud-init/cloud-init-backend";
import { CloudInitSite } from "../../../lib/cloud-init/cloud-init-site";
import { EmulatedServe } from "../../../lib/engines/emulated/emulated-serve";
import { RayCluster, type RayClusterProps } from "../../../lib/ray-cluster";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";

/** Four machines of eight H100 on a network, of which only the head's address is known. */
export const PLACE: CloudInitBackendProps = { subnetCidr: "10.30.0.0/24", headAddress: "10.30.0.10" };

export const FOUR_ADDRESSES = [10, 11, 12, 13].map((host) => `10.30.0.${host}`);

export const CLUSTER = {
  pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100 }],
  fabric: Fabric.TCP,
  image: ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.58.0" }),
  engine: new EmulatedServe(),
};

export function cluster(
  stack: TerraformStack,
  place: Partial<CloudInitBackendProps> = {},
  props: Partial<RayClusterProps> = {},
): RayCluster {
  return new RayCluster(stack, "llama", {
    backend: new CloudInitBackend({ ...PLACE, ...place }),
    ...CLUSTER,
    ...props,
  });
}

/** Such a cluster's site, told that the stack makes no machines. */
export function site(...args: Parameters<typeof cluster>): CloudInitSite {
  const found = CloudInitSite.of(cluster(...args).site);
  found.addMachines([]);
  return found;
}

/** A resource of some provider, with user data. */
export function machine(stack: TerraformStack, id: string, userData: string): TerraformResource {
  const resource = new TerraformResource(stack, id, { terraformResourceType: "example_server" });
  resource.addOverride("user_data", userData);
  return resource;
}
