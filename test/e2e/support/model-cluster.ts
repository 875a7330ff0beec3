import { join } from "node:path";
import type { ModelClusterProps } from "../stacks/model-cluster";
import { containerOf, type DeployedCluster, type NodeState, stateOf } from "./cluster";
import { Docker } from "./docker";
import { type HubCount, ModelHub } from "./model-hub";
import { Project, REPOSITORY } from "./project";

/** Folder of the hub's model in the containers. */
export const MODEL_FOLDER = `/models/${ModelHub.repository.replace("/", "--")}--${ModelHub.revision.slice(0, 12)}`;

/** What a test decides about a cluster with a model. */
export type ModelClusterChoice = Pick<
  ModelClusterProps,
  "subnetCidr" | "apiPort" | "nodes" | "tokenFile" | "sharedFolder" | "smallDiskMiB"
>;

/** The state with what the head says of staging. */
export interface StagingState extends NodeState {
  readonly staging: {
    readonly attempt: number;
    readonly done: boolean;
    readonly code: string | null;
    readonly progress: { readonly bytes_done: number; readonly bytes_total: number } | null;
  } | null;
}

/** A cluster of `stacks/model-cluster.ts` with the project that deploys it. */
export class ModelTestCluster {
  public readonly cluster: DeployedCluster;
  public readonly project: Project;

  public constructor(
    public readonly name: string,
    hub: ModelHub,
    choice: ModelClusterChoice,
  ) {
    const register = join(REPOSITORY, "test", "tools", "register.cjs");
    const app = join(REPOSITORY, "test", "e2e", "stacks", "models-app.ts");
    const { repository, revision } = ModelHub;
    const props: ModelClusterProps = { ...choice, endpoint: hub.url, repository, revision };
    this.project = new Project(`node -r ${register} ${app}`, name, {
      E2E_MODEL: JSON.stringify({ name, ...props }),
    });
    this.cluster = {
      name,
      nodes: Array.from({ length: choice.nodes }, (_, index) => `npu-${index}`),
      ranks: 2 * choice.nodes,
      url: `http://127.0.0.1:${choice.apiPort}`,
      docker: new Docker(),
    };
  }

  public async remove(): Promise<void> {
    await this.cluster.docker.sweep(this.name);
    this.project.remove();
  }

  public async state(node?: string): Promise<StagingState> {
    return (await stateOf(this.cluster, node)) as StagingState;
  }

  public exec(node: string, ...command: readonly string[]): Promise<string> {
    return this.cluster.docker.output("exec", containerOf(this.cluster, node), ...command);
  }

  /** The node has exactly the hub's files, with their content. */
  public async expectModel(node: string, { files }: HubCount): Promise<void> {
    const script = `cd "$0" && find . -type f -not -path './.staging/*' -exec sha256sum {} +`;
    const found = await this.exec(node, "sh", "-c", script, MODEL_FOLDER);
    const sums = found.split("\n").map((line) => line.split(/\s+\.\//).reverse());
    const wanted = Object.entries(files).map(([path, { sha256 }]) => [path, sha256]);
    expect(Object.fromEntries(sums)).toEqual(Object.fromEntries(wanted));
  }
}
