import type { SpeculativeDecoding } from "../../topology/engine-sizing";
import type { Parallelism } from "../../topology/model/parallelism";
import { option, toggle } from "../arguments";
import { type ApiProtection, TLS_FILES } from "../served-securely";
import type { GivenFlag } from "../given-flags";
import type { OwnedFlag } from "../extra-arguments";
import type { VllmServeProps } from "./vllm-props";
import { AUTO } from "./vllm-settings";

/** How vLLM is distributed over the nodes. */
export interface VllmCut {
  readonly executor: string;
  readonly parallelism: Parallelism;
  /** Nodes with accelerators. */
  readonly nodes: number;
  readonly acceleratorsPerNode: number;
  readonly headAddress?: string;
  readonly masterPort: number;
  readonly dataParallelPort: number;
  /** Version of vLLM; `undefined`: not known. */
  readonly version?: string;
  /** A server on every node takes requests (`--data-parallel-hybrid-lb`). */
  readonly isHybrid: boolean;
  readonly speculative?: SpeculativeDecoding;
  /** Quantization that is declared. @default - that of the model */
  readonly quantization?: string;
  /** The flag after which clients of the API must show a certificate. */
  readonly clientCertificates?: GivenFlag;
}

/** Flags that the properties or the cluster set. */
export const VLLM_FLAGS: readonly OwnedFlag[] = [
  { names: ["--model"], property: "modelPath" },
  { names: ["--served-model-name"], property: "servedModelName" },
  { names: ["--host"], property: "listenAddress" },
  { names: ["--uds"] },
  { names: ["--port"], property: "port" },
  { names: ["--api-key"], property: "apiKeys" },
  { names: ["--ssl-keyfile", "--ssl-certfile"], property: "tls" },
  { names: ["--tensor-parallel-size", "-tp"], property: "tensorParallelSize" },
  { names: ["--pipeline-parallel-size", "-pp"], property: "pipelineParallelSize" },
  { names: ["--data-parallel-size", "-dp"], property: "dataParallelSize" },
  { names: ["--data-parallel-size-local", "-dpl"] },
  { names: ["--data-parallel-address", "-dpa"] },
  { names: ["--data-parallel-rpc-port", "-dpp"] },
  { names: ["--data-parallel-backend", "-dpb"], property: "executor" },
  { names: ["--data-parallel-rank", "-dpn", "--data-parallel-start-rank", "-dpr"] },
  { names: ["--distributed-executor-backend"], property: "executor" },
  { names: ["--nnodes", "-n"] },
  { names: ["--node-rank", "-r"] },
  { names: ["--master-addr", "--headless"] },
  { names: ["--master-port"], property: "masterPort" },
  {
    names: ["--enable-expert-parallel", "-ep", "--no-enable-expert-parallel"],
    property: "enableExpertParallel",
  },
  { names: ["--gpu-memory-utilization"], property: "gpuMemoryUtilization" },
  { names: ["--dtype"], property: "dtype" },
  { names: ["--enforce-eager", "--no-enforce-eager"], property: "enforceEager" },
  ...[
    ["maxModelLen", "--max-model-len"],
    ["speculation", "--speculative-config", "-sc"],
    ["decodeContextParallelSize", "--decode-context-parallel-size", "-dcp"],
    ["prefillContextParallelSize", "--prefill-context-parallel-size", "-pcp"],
    ["kvCacheDtype", "--kv-cache-dtype"],
    ["quantization", "--quantization", "-q"],
    ["maxNumBatchedTokens", "--max-num-batched-tokens"],
    ["maxNumSeqs", "--max-num-seqs"],
    ["runner", "--runner"],
  ].map(([property, ...names]): OwnedFlag => ({ names, property, eitherWay: true })),
];

/** Arguments of every process: model, parallelism, and how it runs. */
export function serveArguments(
  props: VllmServeProps & { readonly modelPath: string; readonly draftFolder?: string },
  cut: VllmCut,
): readonly string[] {
  const { tensor, pipeline, expertParallel } = cut.parallelism;
  return [
    "vllm",
    "serve",
    props.modelPath,
    ...option("--served-model-name", props.servedModelName),
    ...option("--tensor-parallel-size", tensor),
    ...option("--pipeline-parallel-size", pipeline),
    ...dataParallel(cut),
    ...toggle("--enable-expert-parallel", expertParallel),
    ...option("--distributed-executor-backend", cut.executor),
    ...option("--decode-context-parallel-size", props.decodeContextParallelSize),
    ...option("--prefill-context-parallel-size", props.prefillContextParallelSize),
    ...option("--max-model-len", props.maxModelLen === AUTO ? "auto" : props.maxModelLen),
    ...option("--gpu-memory-utilization", props.gpuMemoryUtilization),
    ...option("--kv-cache-dtype", props.kvCacheDtype),
    ...option("--quantization", props.quantization),
    ...option("--max-num-batched-tokens", props.maxNumBatchedTokens),
    ...option("--max-num-seqs", props.maxNumSeqs),
    ...option(
      "--speculative-config",
      props.speculation && JSON.stringify(props.speculation._config(props.draftFolder)),
    ),
    ...option("--runner", props.runner),
    ...option("--dtype", props.dtype),
    ...toggle("--enforce-eager", props.enforceEager),
  ];
}

/** Arguments of the head alone, which has the API. */
export function headArguments(cut: VllmCut, host: string, port: number): readonly string[] {
  const rank = isSpread(cut) ? [...meeting(cut), ...option("--node-rank", 0)] : [];
  return [...rank, ...option("--host", host), ...option("--port", port)];
}

/** Arguments of the head's API where it speaks TLS. */
export function tlsArguments({ tls }: ApiProtection): readonly string[] {
  return tls === undefined
    ? []
    : [...option("--ssl-certfile", TLS_FILES.certificate), ...option("--ssl-keyfile", TLS_FILES.key)];
}

/** Arguments of a follower, which has no API, without its rank. */
export function followerArguments(cut: VllmCut): readonly string[] {
  return [...meeting(cut), "--headless"];
}

/** Whether one replica of the model needs more than a node. */
export function replicasSpanNodes({ parallelism, acceleratorsPerNode }: VllmCut): boolean {
  const { tensor, pipeline, data } = parallelism;
  return data > 1 && tensor * pipeline > acceleratorsPerNode;
}

/**
 * Replicas are placed by Ray from one command, or meet at the head. With Ray the number on the head's node must
 * be stated, since vLLM would put all replicas there.
 */
function dataParallel(cut: VllmCut): readonly string[] {
  const { tensor, pipeline, data } = cut.parallelism;
  if (data <= 1) {
    return [];
  }
  const size = option("--data-parallel-size", data);
  if (cut.executor === "ray") {
    const onHead = Math.floor(cut.acceleratorsPerNode / (tensor * pipeline));
    const local = Math.min(data, Math.max(1, onHead));
    return [
      ...size,
      ...option("--data-parallel-size-local", local),
      ...option("--data-parallel-backend", "ray"),
    ];
  }
  return isSpread(cut)
    ? [
        ...size,
        ...option("--data-parallel-address", cut.headAddress),
        ...option("--data-parallel-rpc-port", cut.dataParallelPort),
      ]
    : size;
}

function meeting(cut: VllmCut): readonly string[] {
  return [
    ...option("--nnodes", cut.nodes),
    ...option("--master-addr", cut.headAddress),
    ...option("--master-port", cut.masterPort),
  ];
}

function isSpread({ executor, nodes }: VllmCut): boolean {
  return executor === "mp" && nodes > 1;
}
