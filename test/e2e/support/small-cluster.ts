import { join } from "node:path";
import type { SmallClusterProps } from "../stacks/small-cluster";
import type { DeployedCluster } from "./cluster";
import { Docker } from "./docker";
import { Project, REPOSITORY } from "./project";

/** A small cluster of the tests with the project that deploys it. */
export interface SmallProject {
  readonly project: Project;
  readonly cluster: DeployedCluster;
}

/** The project of `stacks/small-cluster.ts`; nothing is deployed yet. */
export function smallCluster(
  name: string,
  props: SmallClusterProps,
  environment: NodeJS.ProcessEnv = {},
): SmallProject {
  const register = join(REPOSITORY, "test", "tools", "register.cjs");
  const app = join(REPOSITORY, "test", "e2e", "stacks", "app.ts");
  const project = new Project(`node -r ${register} ${app}`, name, {
    ...environment,
    E2E_CLUSTER: JSON.stringify({ name, ...props }),
  });
  const cluster = {
    name,
    nodes: ["npu-0", "npu-1"],
    ranks: 2 * (props.acceleratorsPerNode ?? 2),
    url: `http://127.0.0.1:${props.apiPort}`,
    docker: new Docker(props.dockerHost),
  };
  return { project, cluster };
}
