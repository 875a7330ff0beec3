/** What users' programs ask a server with an OpenAI-compatible API. */

/**
 * What it answers to "Who is there?"; an error with its text where that is not 200.
 *
 * @param url without a path
 * @param model as it is served; the emulated engine needs none
 */
export async function ask(url: string, model?: string): Promise<string> {
  const body = await answerOf(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Who is there?" }] }),
  });
  const { choices } = body as { choices: { message: { content: string } }[] };
  return choices[0].message.content;
}

/** Names of the models that it serves. */
export async function servedModels(url: string): Promise<readonly string[]> {
  const { data } = (await answerOf(`${url}/v1/models`)) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

async function answerOf(url: string, request?: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(60_000) });
  const body = await response.text();
  if (response.status !== 200) {
    throw new Error(`HTTP ${response.status}: ${body}`);
  }
  return JSON.parse(body);
}
