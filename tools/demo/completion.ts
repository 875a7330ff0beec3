import type { Workload } from "../../lib/runtime/workload/workload";
import { CommandError } from "../../lib/cli/base/command-error";

export interface Completion {
  readonly text: string;
  readonly seconds: number;
}

/**
 * Asks the engine's public API the question that proves the cluster, as any user would.
 *
 * @throws CommandError if there is no answer, or one without what it must hold
 */
export async function askCompletion(endpoint: string, workload: Workload): Promise<Completion> {
  const { path, body, expect } = apiOf(workload).proof[0];
  const startedAt = Date.now();
  const answer = await post(`${endpoint}${path}`, body, workload.deadlines.completion);
  const text = messageOf(answer);
  if (typeof text !== "string" || !text.includes(expect ?? "")) {
    throw new CommandError(`${endpoint}${path} answered without '${expect ?? "any text"}': ${answer}`);
  }
  return { text, seconds: (Date.now() - startedAt) / 1000 };
}

/**
 * The engine's API.
 *
 * @throws CommandError if the engine has none
 */
export function apiOf({ cluster, engine }: Workload): NonNullable<Workload["engine"]["api"]> {
  if (engine.api === null) {
    throw new CommandError(`the engine '${engine.name}' of cluster '${cluster}' has no API`);
  }
  return engine.api;
}

/** The same question, for a person to ask. */
export function curlExample(endpoint: string, workload: Workload): string {
  const { path, body } = apiOf(workload).proof[0];
  return `curl ${endpoint}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(body)}'`;
}

async function post(url: string, body: object, timeoutSeconds: number): Promise<string> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new CommandError(`${url} does not answer: ${cause?.message ?? message}`);
  }
  if (status !== 200) {
    throw new CommandError(`${url} answered with status ${status}: ${text}`);
  }
  return text;
}

/** Text of an OpenAI chat completion; `undefined` where the answer is none. */
function messageOf(answer: string): unknown {
  try {
    const parsed = JSON.parse(answer) as { choices?: { message?: { content?: unknown } }[] };
    return parsed.choices?.[0]?.message?.content;
  } catch {
    return undefined;
  }
}
