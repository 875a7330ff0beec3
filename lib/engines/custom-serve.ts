import type { Proof } from "../topology/values/proof";
import type { EngineContext, EngineSecret, EngineSpec, IEngine } from "../topology/engine-spec";
import type { SecretRef } from "../topology/values/secret-ref";
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
  /** The command, one entry per argument. It runs on the head, without a shell. */
  readonly argv: readonly string[];
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
}

/** Any OpenAI-compatible server, given its command. */
export class CustomServe implements IEngine {
  public readonly engineName: string;
  public readonly secrets: readonly EngineSecret[];

  constructor(private readonly props: CustomServeProps) {
    this.engineName = props.engineName ?? "custom";
    this.secrets = protectionSecrets(props);
  }

  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an implementation keeps the interface's parameters
  public bind(_context: EngineContext): EngineSpec {
    const { argv, servedModel, port, healthPath, proof, apiKeyOption } = this.props;
    // Without an option the command reads the file itself, and needs no launcher.
    const launched = apiKeyOption === undefined ? {} : { apiKeys: this.props.apiKeys };
    return {
      name: this.engineName,
      declared: { ...this.props },
      argv: withApiKeys(launched, (apiKeyOption ?? "").replace(/^-+/, ""), [...argv]),
      api: {
        ...protectedApi(this.props),
        port: port ?? 8000,
        healthPath: healthPath ?? "/health",
        servedModel,
        proof: servingProof(servedModel, proof),
      },
      environment: {},
      files: protectionFiles(launched),
      secrets: this.secrets,
      ports: [],
      rayVersions: {},
    };
  }
}
