import type { ProofKind } from "../../topology/values/proof";
import { EVERY_KIND, GENERATION } from "../serving-proof";

/** What arguments say of the model's kind: `--runner`, `--convert` and, before 0.11, `--task`. */
const KINDS: { readonly [argument: string]: readonly ProofKind[] } = {
  "--runner generate": [...GENERATION, "transcription"],
  "--runner pooling": ["embedding", "rerank"],
  "--convert embed": ["embedding"],
  "--convert classify": ["rerank"],
  "--task generate": GENERATION,
  "--task embed": ["embedding"],
  "--task embedding": ["embedding"],
  "--task score": ["rerank"],
  "--task transcription": ["transcription"],
};

/**
 * What a server of vLLM with these arguments can be asked; every kind where they do not say: vLLM chooses its runner by the
 * model's architecture, and refuses at once what the runner cannot do.
 */
export function kindsOfArguments(given: readonly string[]): readonly ProofKind[] {
  const words = given.flatMap((argument) => argument.split("="));
  const said = words.map((word, index) => KINDS[`${word.replaceAll("_", "-")} ${words[index + 1]}`]);
  // The narrower word wins: `--convert embed` after `--runner pooling`.
  return said
    .filter((kinds) => kinds !== undefined)
    .reduce((narrowest, kinds) => (kinds.length < narrowest.length ? kinds : narrowest), EVERY_KIND);
}
