import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { askCompletion, curlExample } from "../../../../tools/demo/completion";
import type { Workload } from "../../../../lib/runtime/workload/workload";
import example from "../../../fixtures/workload.json";

const WORKLOAD = example as Workload;

describe("askCompletion", () => {
  let server: Server;
  let asked: { url?: string; body: string };
  let answer: { status: number; text: string };

  beforeEach((done) => {
    asked = { body: "" };
    server = createServer((request, response) => {
      asked.url = request.url;
      request.on("data", (data: Buffer) => (asked.body += data.toString()));
      request.on("end", () => response.writeHead(answer.status).end(answer.text));
    }).listen(0, "127.0.0.1", done);
  });
  afterEach((done) => {
    server.close(done);
  });

  function endpoint(): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function completion(content: unknown): string {
    return JSON.stringify({ choices: [{ message: { content } }] });
  }

  it("asks the plan's question and returns the text", async () => {
    answer = { status: 200, text: completion("16 of 16 ranks: all") };
    const { text, seconds } = await askCompletion(endpoint(), WORKLOAD);
    expect(text).toBe("16 of 16 ranks: all");
    expect(seconds).toBeGreaterThan(0);
    expect(asked.url).toBe("/v1/chat/completions");
    expect(JSON.parse(asked.body)).toEqual(WORKLOAD.engine.api?.proof[0].body);
  });

  it.each([
    ["not every rank took part", 200, completion("15 of 16 ranks"), /without '16 of 16 ranks'.*15 of 16/],
    ["the answer has no text", 200, completion(null), /without '16 of 16 ranks'/],
    ["the answer is no JSON", 200, "<html>", /without '16 of 16 ranks': <html>/],
    ["the engine refuses", 503, "loading", /status 503: loading/],
  ])("fails where %s", async (_, status, text, message) => {
    answer = { status, text };
    await expect(askCompletion(endpoint(), WORKLOAD)).rejects.toThrow(message);
  });

  it("fails with the reason where nobody answers", async () => {
    const gone = endpoint();
    await new Promise((resolve) => server.close(resolve));
    await expect(askCompletion(gone, WORKLOAD)).rejects.toThrow(/does not answer: .*ECONNREFUSED/);
    server.listen(0);
  });
});

it("curlExample is the same question for a shell", () => {
  expect(curlExample("http://127.0.0.1:8000", WORKLOAD)).toBe(
    "curl http://127.0.0.1:8000/v1/chat/completions \\\n" +
      "  -H 'Content-Type: application/json' \\\n" +
      `  -d '${JSON.stringify(WORKLOAD.engine.api?.proof[0].body)}'`,
  );
});
