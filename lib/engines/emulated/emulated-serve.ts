import * as path from "node:path";
import { Proof } from "../../topology/values/proof";
import type { EngineContext, EngineSpec, IEngine } from "../../topology/engine-spec";
import { servingProof } from "../serving-proof";

/** Properties of `EmulatedServe`. */
export interface EmulatedServeProps {
  /**
   * TCP port of the API, on the head.
   *
   * @default 8000
   */
  readonly port?: number;
  /**
   * Name under which the API serves its model.
   *
   * @default 'emulated'
   */
  readonly servedModel?: string;
}

const FOLDER = "/opt/ray-cluster";

/** The program and the modules that it imports. */
const FILES = ["emulated_serve.py", "emulated_api.py", "emulated_ranks.py"];

/**
 * An OpenAI-compatible server without a model: one Ray actor on each accelerator, and an answer that
 * contains a reply from each of them. A completion proves that all accelerators of all nodes take part.
 *
 * @example
 * new EmulatedServe({ servedModel: "rehearsal" });
 */
export class EmulatedServe implements IEngine {
  public readonly engineName = "emulated";
  /** TCP port of the API, on the head. */
  public readonly port: number;
  /** Name under which the API serves its model. */
  public readonly servedModel: string;

  constructor(private readonly props: EmulatedServeProps = {}) {
    this.port = props.port ?? 8000;
    this.servedModel = props.servedModel ?? "emulated";
  }

  public bind(context: EngineContext): EngineSpec {
    const ranks = context.accelerators;
    return {
      name: this.engineName,
      declared: { ...this.props },
      argv: [
        ...["python3", `${FOLDER}/${FILES[0]}`],
        ...["--host", "0.0.0.0"],
        ...["--port", String(this.port)],
        ...["--model", this.servedModel],
        ...["--resource", context.rayResource],
        ...["--ranks", String(ranks)],
      ],
      api: {
        port: this.port,
        healthPath: "/health",
        servedModel: this.servedModel,
        proof: servingProof(this.servedModel, Proof.chat({ expect: `${ranks} of ${ranks} ranks` })),
      },
      environment: {},
      files: FILES.map((name) => ({
        path: `${FOLDER}/${name}`,
        source: path.join(__dirname, name),
      })),
      ports: [],
      rayVersions: {},
    };
  }
}
