import type { ProofKind } from "../../topology/values/proof";
import type { ModelTask } from "../../topology/model/model-task";
import type { Model } from "../../topology/model/model";
import { EVERY_KIND, GENERATION } from "../serving-proof";
import type { VllmSettings } from "./vllm-settings";

/** What properties and arguments say of the model's kind: `--runner`, `--convert` and, before 0.11, `--task`. */
const KINDS_OF_FLAGS: { readonly [said: string]: readonly ProofKind[] | undefined } = {
  "runner generate": [...GENERATION, "transcription"],
  "runner pooling": ["embedding", "rerank", "pooling"],
  "convert embed": ["embedding"],
  "convert classify": ["rerank", "pooling"],
  "convert reward": ["pooling"],
  "task generate": GENERATION,
  "task embed": ["embedding"],
  "task embedding": ["embedding"],
  "task classify": ["pooling"],
  "task reward": ["pooling"],
  "task score": ["rerank"],
  "task transcription": ["transcription"],
};

/**
 * What the model's configuration says of it: a classifier ranks, or gives scores alone. One that names a generating class
 * may still be served as an embedding model (vLLM reads `modules.json` of sentence-transformers), or transcribe.
 */
const KINDS_OF_TASKS: { readonly [task in ModelTask]: readonly ProofKind[] } = {
  generate: EVERY_KIND,
  embed: ["embedding", "pooling"],
  classify: ["rerank", "pooling"],
};

/**
 * What a server of vLLM can be asked. Properties and arguments come first, then the model's configuration; every kind
 * where neither says it: vLLM chooses its runner by the model's architecture, and refuses at once what the runner cannot do.
 */
export function proofKinds(settings: VllmSettings, model: Model | undefined): readonly ProofKind[] {
  const kinds = kindsOfSettings(settings) ?? KINDS_OF_TASKS[model?.task ?? "generate"];
  // A model without a chat template refuses chats.
  return model?.chatTemplate === false && !settings.hasChatTemplate
    ? kinds.filter((kind) => kind !== "chat")
    : kinds;
}

/** The narrower word wins: `--convert embed` after `--runner pooling`. */
function kindsOfSettings({ runner, convert, task }: VllmSettings): readonly ProofKind[] | undefined {
  return [`runner ${runner}`, `convert ${convert}`, `task ${task}`]
    .flatMap((said) => {
      const kinds = KINDS_OF_FLAGS[said];
      return kinds === undefined ? [] : [kinds];
    })
    .reduce<readonly ProofKind[] | undefined>(
      (narrowest, kinds) => (narrowest && narrowest.length <= kinds.length ? narrowest : kinds),
      undefined,
    );
}
