import type { CompletionCheck } from "../topology/engine-spec";

/**
 * The smallest request to an OpenAI-compatible API whose answer proves that it serves.
 * Greedy, so that the same model gives the same answer each time.
 *
 * @param mustContain text that the answer must contain; `undefined`: any text
 */
export function chatCompletion(model: string, mustContain?: string): CompletionCheck {
  return {
    path: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content: "Who is there?" }], max_tokens: 64, temperature: 0 },
    mustContain,
  };
}
