import type { Proof } from "../../topology/values/proof";
import type { SecretRef } from "../../topology/values/secret-ref";
import type { ReverseProxy } from "../reverse-proxy";
import type { ServerTls } from "../served-securely";

/** Element type of weights and activations. */
export enum LmdeployDtype {
  /** As in the model's configuration, with float32 replaced by float16. */
  AUTO = "auto",
  /** 16 bits with the exponent of 32. */
  BFLOAT16 = "bfloat16",
  /** 16 bits as of IEEE 754. */
  FLOAT16 = "float16",
}

/** Properties of `LmdeployServe`. */
export interface LmdeployServeProps {
  /**
   * Absolute path of the model's folder in the container, the same on every node.
   *
   * @default - the folder of the cluster's `model`
   */
  readonly modelPath?: string;
  /**
   * Name under which the API serves the model.
   *
   * @default - the last part of the model's path
   */
  readonly servedModelName?: string;
  /**
   * TCP port of the API, on the head. With data parallelism LMDeploy's proxy listens there.
   *
   * @default - 23333, with data parallelism 8000
   */
  readonly port?: number;
  /**
   * Accelerators that share every layer of a replica. Times `dataParallelSize` it is the number of accelerators. The flag
   * `--tp` of LMDeploy counts otherwise where there are replicas: all accelerators, unless experts are whole.
   *
   * @default - all of the cluster, divided by `dataParallelSize`
   */
  readonly tensorParallelSize?: number;
  /**
   * Replicas of the attention layers, a server each (`--dp`). Every node runs the same number of servers, the ranks of a
   * replica are on one node, and LMDeploy's proxy on the head distributes the requests over the servers. They listen at
   * the address of each node's default route, which must be on the cluster network.
   *
   * @default 1
   */
  readonly dataParallelSize?: number;
  /**
   * Accelerators over which whole experts are distributed (`--ep`): 1, where each expert is cut over all accelerators, or
   * all of them. It needs data parallelism.
   *
   * @default 1
   */
  readonly expertParallelSize?: number;
  /**
   * First TCP port of the servers behind the proxy, on every node. Only with data parallelism.
   *
   * @default 23333
   */
  readonly serverPort?: number;
  /**
   * Run without captured graphs.
   *
   * @default - true on Ascend except on a 310P, which runs captured graphs only; false elsewhere
   */
  readonly eagerMode?: boolean;
  /**
   * Longest session in tokens.
   *
   * @default - the model's own, up to what fits into the cache
   */
  readonly sessionLength?: number;
  /**
   * Sequences of full length that must fit into the cache at the same time. Checked at synth, not passed to the engine.
   *
   * @default 1
   */
  readonly plannedSequences?: number;
  /**
   * Share of the memory left over by the weights that the cache takes, more than 0 and less than 1.
   *
   * @default - LMDeploy's own, 0.8
   */
  readonly cacheMaxEntryCount?: number;
  /**
   * Bits of an element of the cache: 4 or 8; 0: those of the model.
   *
   * @default - LMDeploy's own, 0
   */
  readonly quantPolicy?: number;
  /** @default - LMDeploy's own, LmdeployDtype.AUTO */
  readonly dtype?: LmdeployDtype;
  /**
   * TCP port on the head at which the ranks meet.
   *
   * @default 29500
   */
  readonly masterPort?: number;
  /**
   * Version of LMDeploy in the image.
   *
   * @default - what the tag of a published image says
   */
  readonly version?: string;
  /**
   * IPv4 address at which the API listens on the head: `0.0.0.0` for every interface, also `localhost`.
   *
   * @default - the head's address on the cluster network, which is the cluster's endpoint
   */
  readonly listenAddress?: string;
  /**
   * API keys that the server accepts, one in each line of the file. The proof of serving uses the first. With data
   * parallelism LMDeploy's proxy asks for them, and HAProxy in front of it; the servers behind them do not.
   *
   * @default - the API asks for no key
   */
  readonly apiKeys?: SecretRef;
  /**
   * Certificate and private key with which the API speaks TLS. With data parallelism it needs `reverseProxy`.
   *
   * @default - plain HTTP
   */
  readonly tls?: ServerTls;
  /**
   * HAProxy in front of LMDeploy's proxy, which then listens at `serverPort`, for the cluster. Clients reach `/v1` and the list of
   * servers; the paths that add and remove servers are closed to them. Only with data parallelism: a single server has keys
   * and TLS of its own.
   *
   * @default - LMDeploy's proxy is the API
   */
  readonly reverseProxy?: ReverseProxy;
  /**
   * The question whose answer proves that the engine serves.
   *
   * @default - a chat completion, or a plain completion where the engine refuses that
   */
  readonly proof?: Proof;
  /**
   * Further arguments of `lmdeploy serve api_server`, one entry each. Every user of the machine can read them.
   *
   * @default - none
   */
  readonly extraArguments?: readonly string[];
}
