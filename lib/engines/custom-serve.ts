import { errorRule, judge, type Topic } from "../problems/rule";
import { show } from "../problems/text";
import type { Proof } from "../topology/values/proof";
import type {
  EngineContext,
  EngineFollower,
  EnginePort,
  EngineSecret,
  EngineSpec,
  IEngine,
} from "../topology/engine-spec";
import type { SecretRef } from "../topology/values/secret-ref";
import { listenAddress } from "./listen-address";
import { portOnHead } from "./port-on-head";
import { behindHaproxy, proxyFiles, type ReverseProxy, withHaproxy } from "./reverse-proxy";
import {
  protectedApi,
  protectionFiles,
  protectionSecrets,
  type ServerTls,
  withApiKeys,
} from "./served-securely";
import { servingProof } from "./serving-proof";

/** Properties of `CustomServe`. */
export interface CustomServeProps {
  /**
   * The command, one entry per argument. It runs on the head, without a shell. `CustomServe.HEAD_ADDRESS` stands for the
   * head's address, also as a part of an argument.
   */
  readonly argv: readonly string[];
  /**
   * What runs on each other node with accelerators, for a server that is a process of its own on every node. It has the same
   * variables and secrets; `CustomServe.HEAD_ADDRESS` stands for the head's address.
   *
   * @default - the server runs on the head alone, and reaches the other nodes through Ray
   */
  readonly follower?: EngineFollower;
  /**
   * Ports that it opens besides that of its API, e.g. the one at which its processes meet. They are compared with those of
   * Ray, and closed to all but the cluster where a packet filter does that.
   *
   * @default - none
   */
  readonly ports?: readonly EnginePort[];
  /** Name under which the API serves its model. */
  readonly servedModel: string;
  /**
   * TCP port of the API, on the head.
   *
   * @default 8000
   */
  readonly port?: number;
  /**
   * Path that answers 200 when the server is up.
   *
   * @default '/health'
   */
  readonly healthPath?: string;
  /**
   * Name of the engine. With the name of an engine in the catalogue of variables (`vllm`, `lmdeploy`)
   * its variables are derived too.
   *
   * @default 'custom'
   */
  readonly engineName?: string;
  /**
   * The question whose answer proves that the server serves.
   *
   * @default - a chat completion, or a plain completion where the server refuses that
   */
  readonly proof?: Proof;
  /**
   * API keys that the server accepts, one in each line of the file, which is
   * `/run/secrets/ray-cluster/api-keys` in the head's container. The proof of serving uses the first.
   *
   * @default - the API asks for no key
   */
  readonly apiKeys?: SecretRef;
  /**
   * Option of the server that takes the keys, without dashes, e.g. `api-key`. The command must then be a Python program in
   * PATH: it sees `--<option> key key ...`, and no command line of the machine does.
   *
   * @default - the command reads the file itself
   */
  readonly apiKeyOption?: string;
  /**
   * Certificate and private key with which the API speaks TLS, for the command to name:
   * `/run/secrets/ray-cluster/tls-certificate` and `/run/secrets/ray-cluster/tls-key` in the head's container.
   *
   * @default - plain HTTP
   */
  readonly tls?: ServerTls;
  /**
   * HAProxy in front of a server that has neither keys nor TLS of its own. The command then says that the server listens at
   * `127.0.0.1` and `serverPort`; HAProxy listens at `port`, asks for `apiKeys` and speaks `tls`.
   *
   * @default - the server is the API
   */
  readonly reverseProxy?: ReverseProxy;
}

/** A custom server on its cluster. */
interface PlacedServer {
  readonly argv: readonly string[];
  readonly follower?: EngineFollower;
  readonly headAddress?: string;
}

export const CUSTOM_TOPIC: Topic<PlacedServer> = {
  title: "Custom servers",
  rules: [
    errorRule("RC631", {
      title: "A custom server that names the head's address is told it",
      why: "The processes of the server could not meet.",
      check: ({ argv, follower, headAddress }) => {
        const paths = Object.entries({ argv, "follower.argv": follower?.argv ?? [] });
        return paths.flatMap(([path, words]) => {
          const word = words.find((each) => each.includes(CustomServe.HEAD_ADDRESS));
          return word === undefined || headAddress !== undefined
            ? []
            : {
                path: `engine.${path}`,
                got: show(word),
                must: "not need the head's address where the plan does not know it",
                fix: "use a backend that plans addresses",
              };
        });
      },
    }),
  ],
};

/**
 * Any OpenAI-compatible server, given its command.
 *
 * @example
 * new CustomServe({ argv: ["my-server", "--port", "8000"], servedModel: "qwen" });
 */
export class CustomServe implements IEngine {
  /** Stands for the head's address on the cluster network, which the plan may decide. */
  public static readonly HEAD_ADDRESS = "<head-address>";

  public readonly engineName: string;
  public readonly secrets?: readonly EngineSecret[];

  constructor(private readonly props: CustomServeProps) {
    this.engineName = props.engineName ?? "custom";
    this.secrets = protectionSecrets(props);
  }

  public bind(context: EngineContext): EngineSpec {
    const { headAddress } = context;
    const { argv, follower, ports = [], servedModel, proof, apiKeyOption, reverseProxy } = this.props;
    const { port = 8000, healthPath = "/health" } = this.props;
    const placed = (words: readonly string[]) =>
      words.map((word) => word.replaceAll(CustomServe.HEAD_ADDRESS, headAddress ?? CustomServe.HEAD_ADDRESS));
    // Without an option the command reads the file itself, and needs no launcher.
    const launched = apiKeyOption === undefined ? {} : { apiKeys: this.props.apiKeys };
    const api = {
      ...protectedApi(this.props),
      ...{ port, healthPath, servedModel, proof: servingProof(servedModel, proof) },
    };
    const spec: EngineSpec = {
      name: this.engineName,
      declared: { ...this.props },
      argv: withApiKeys(launched, (apiKeyOption ?? "").replace(/^-+/, ""), placed(argv)),
      ...(follower === undefined ? {} : { follower: { ...follower, argv: placed(follower.argv) } }),
      api,
      environment: {},
      files: protectionFiles(launched),
      secrets: this.secrets,
      ports,
      rayVersions: {},
      problems: judge(CUSTOM_TOPIC, { argv, follower, headAddress }, undefined),
    };
    if (reverseProxy === undefined) {
      return spec;
    }
    const address = listenAddress({}, context);
    const { apiKeys, tls } = this.props;
    const proxied = {
      ...{ apiKeys, tls, listenAddress: address, port },
      ...{ server: `127.0.0.1:${reverseProxy.serverPort}`, healthPath },
    };
    return {
      ...spec,
      argv: behindHaproxy(proxied, headAddress ?? "127.0.0.1", spec.argv),
      api: { ...api, listenAddress: address },
      files: [...spec.files, ...proxyFiles(reverseProxy)],
      ports: [...spec.ports, portOnHead("server", reverseProxy.serverPort)],
      requires: withHaproxy(reverseProxy, context, { programs: [], pythonModules: [], paths: [] }),
    };
  }
}
