import type { Proof } from "../topology/values/proof";
import type { EngineContext, EngineSpec, IEngine } from "../topology/engine-spec";
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
}

/** Any OpenAI-compatible server, given its command. */
export class CustomServe implements IEngine {
  public readonly engineName: string;

  constructor(private readonly props: CustomServeProps) {
    this.engineName = props.engineName ?? "custom";
  }

  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an implementation keeps the interface's parameters
  public bind(_context: EngineContext): EngineSpec {
    const { argv, servedModel, port, healthPath, proof } = this.props;
    return {
      name: this.engineName,
      declared: { ...this.props },
      argv: [...argv],
      api: {
        port: port ?? 8000,
        healthPath: healthPath ?? "/health",
        servedModel,
        proof: servingProof(servedModel, proof),
      },
      environment: {},
      files: [],
      ports: [],
      rayVersions: {},
    };
  }
}
