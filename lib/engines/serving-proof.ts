import type { Proof, ProofKind } from "../topology/values/proof";
import type { ProofRequest } from "../topology/engine-spec";

/** The kinds of models that OpenAI-compatible servers serve, the usual ones first. */
export const EVERY_KIND: readonly ProofKind[] = [
  "chat",
  "completion",
  "embedding",
  "rerank",
  "pooling",
  "transcription",
];
/** What is asked of a model that generates text: a base model has no chat template. */
export const GENERATION: readonly ProofKind[] = ["chat", "completion"];

/**
 * What an engine is asked to prove that it serves, in this order: a question is asked where the engine has refused those
 * before it.
 *
 * @param model name under which the API serves it
 * @param proof as declared; `undefined`: derived
 * @param derived what may be asked where nothing is declared
 */
export function servingProof(
  model: string,
  proof: Proof | undefined,
  derived: readonly ProofKind[] = GENERATION,
): readonly ProofRequest[] {
  if (proof === undefined) {
    return derived.map((kind) => ({ kind, ...QUESTIONS[kind](model) }));
  }
  const { kind, expect } = proof;
  const question = QUESTIONS[kind](model);
  const { path = question.path, body = question.body } = proof;
  return [{ kind, path, body, ...(expect === undefined ? {} : { expect }) }];
}

type Question = Pick<ProofRequest, "path" | "body">;

/** The smallest request of each kind. Greedy, so that the same model gives the same answer each time. */
const QUESTIONS: { readonly [kind in ProofKind]: (model: string) => Question } = {
  chat: (model) => ({
    path: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content: "Who is there?" }], max_tokens: 64, temperature: 0 },
  }),
  completion: (model) => ({
    path: "/v1/completions",
    body: { model, prompt: "Who is there?", max_tokens: 64, temperature: 0 },
  }),
  embedding: (model) => ({ path: "/v1/embeddings", body: { model, input: "Who is there?" } }),
  rerank: (model) => ({
    path: "/v1/rerank",
    body: { model, query: "Who is there?", documents: ["A friend.", "The sky is blue."] },
  }),
  pooling: (model) => ({ path: "/pooling", body: { model, input: "Who is there?" } }),
  // The node program adds the sound.
  transcription: (model) => ({ path: "/v1/audio/transcriptions", body: { model, response_format: "json" } }),
  custom: () => ({ path: "/", body: {} }),
};
