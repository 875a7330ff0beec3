import { enginePortOf } from "../../catalog/engines";
import type { EngineContext, EnginePort } from "../../topology/engine-spec";
import type { Parallelism } from "../../topology/model/parallelism";
import { portOnHead } from "../port-on-head";
import { givenFlags } from "../given-flags";
import type { LmdeployServeProps } from "./lmdeploy-props";

/** How LMDeploy is distributed over the nodes. */
export interface LmdeployCut {
  readonly parallelism: Parallelism;
  /** Accelerators over which whole experts are distributed (`--ep`). */
  readonly experts: number;
  /** Nodes with accelerators. */
  readonly nodes: number;
  readonly accelerators: number;
  readonly acceleratorsPerNode: number;
  readonly headAddress?: string;
  /** Of the API: with replicas the proxy's, or HAProxy's in front of it. */
  readonly port: number;
  /** Of LMDeploy's proxy behind HAProxy. @default - it has the API's */
  readonly proxyPort?: number;
  /** First port of the servers behind the proxy. */
  readonly serverPort: number;
  readonly masterPort: number;
}

/**
 * Models whose shared experts are not cut where there are replicas (`lmdeploy/pytorch/models/deepseek_v2.py`, which
 * several use, and `glm4_moe.py`).
 */
const WHOLE_SHARED_EXPERTS = [
  ...["deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2"],
  ...["glm4_moe", "glm4_moe_lite", "glm_moe_dsa"],
];

/** The cut that properties and flags say: every accelerator is used. */
export function lmdeployCut(props: LmdeployServeProps, context: EngineContext): LmdeployCut {
  const data = props.dataParallelSize ?? numberOf(props, "--dp") ?? 1;
  const experts = props.expertParallelSize ?? numberOf(props, "--ep") ?? 1;
  const tensor =
    props.tensorParallelSize ?? Math.max(1, Math.floor(context.accelerators / Math.max(1, data)));
  return {
    parallelism: {
      tensor,
      pipeline: 1,
      data,
      expertParallel: experts > 1,
      ...(data > 1 && experts === 1 ? { cutsFeedForwardOverReplicas: true } : {}),
      ...(data > 1 && WHOLE_SHARED_EXPERTS.includes(context.model?.shape.modelType ?? "")
        ? { keepsSharedExperts: true }
        : {}),
    },
    experts,
    nodes: context.acceleratorNodes,
    accelerators: context.accelerators,
    acceleratorsPerNode: context.acceleratorsPerNode,
    headAddress: context.headAddress,
    port: props.port ?? enginePortOf(data > 1 ? "lmdeploy-proxy" : "lmdeploy-api"),
    proxyPort: props.reverseProxy?.serverPort,
    serverPort: props.serverPort ?? enginePortOf("lmdeploy-api"),
    masterPort: props.masterPort ?? enginePortOf("lmdeploy-master"),
  };
}

/** Whether there are servers behind a proxy: one for each replica. */
export function hasReplicas({ parallelism }: LmdeployCut): boolean {
  return parallelism.data > 1;
}

/** The ports of the servers behind the proxy, one for each replica on a node, and the proxy's own behind HAProxy. */
export function serverPorts(cut: LmdeployCut): readonly EnginePort[] {
  const { serverPort, proxyPort, parallelism, nodes } = cut;
  const perNode = Math.max(1, Math.floor(parallelism.data / nodes));
  if (!hasReplicas(cut)) {
    return [];
  }
  return [
    { name: "lmdeploy-servers", from: serverPort, to: serverPort + perNode - 1, where: "node" },
    ...(proxyPort === undefined ? [] : [portOnHead("lmdeploy-proxy", proxyPort)]),
  ];
}

/**
 * What `--tp` is: of the feed-forward layers. Where experts are cut, all ranks share them; where they are whole, each
 * replica does (`lmdeploy/pytorch/config.py`, `DistConfig`).
 */
export function tensorFlag({ parallelism, experts }: LmdeployCut): number {
  const { tensor, data } = parallelism;
  return experts > 1 ? tensor : tensor * data;
}

/** The value of a flag among the further arguments. */
export function numberOf({ extraArguments = [] }: LmdeployServeProps, name: string): number | undefined {
  const value = givenFlags(extraArguments).find((flag) => flag.name === name)?.value;
  return value === undefined || !Number.isFinite(Number(value)) ? undefined : Number(value);
}
