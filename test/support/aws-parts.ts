import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { AwsBootSources } from "../../lib/aws/cluster/boot-sources";
import { AwsClusterNetwork } from "../../lib/aws/network/cluster-network";
import { FsxLustreStorage } from "../../lib/aws/storage/fsx-lustre-storage";
import { EfsStorage } from "../../lib/aws/storage/nfs-storage";
import { AwsNodePool } from "../../lib/aws/pool/node-pool";
import { UserData } from "../../lib/aws/cluster/user-data";
import { Fabric } from "../../lib/topology/declaration/fabric";
import { bootSpec } from "../unit/bootstrap/support";
import { Synthesized } from "./synth";

/** A key that somebody has. */
export const KMS_KEY = "arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef";

/** A stack of every part of lib/aws that creates something, as a user puts them together by hand. */
export function awsParts(kmsKeyArn?: string): Synthesized {
  return Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    const network = new AwsClusterNetwork(scope, "net", {
      availabilityZone: "us-east-1a",
      flowLogKmsKeyArn: kmsKeyArn,
    });
    const lustre = new FsxLustreStorage(scope, "models", { network, capacityTiB: 9.6, efa: true, kmsKeyArn });
    const efs = new EfsStorage(scope, "small", { network, kmsKeyArn });
    const mounts = [lustre, efs].flatMap(({ mount = [] }) => mount);
    const store = new AwsBootSources(scope, "llama", { files: bootSpec().container.files, kmsKeyArn });
    new AwsNodePool(scope, "gpu", {
      network,
      instanceType: "p5.48xlarge",
      nodes: 4,
      fabric: Fabric.EFA,
      headAddress: "10.20.0.10",
      userData: new UserData(scope, "boot", bootSpec({ mounts, program: store.program })).base64,
      permissions: store.permissions,
      headPermissions: store.headPermissions,
    });
  });
}
