import { execFile } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const SCRIPT = join(__dirname, "../../../lib/cloud-init/wait-for-api.cjs");
const BODY = { model: "m", messages: [{ role: "user", content: "Who is there?" }] };
const chat = (content: string) => JSON.stringify({ choices: [{ message: { content } }] });

interface Asked {
  readonly path?: string;
  readonly body: string;
}

/** An API that gives one answer after the other, the last one for ever. */
class Api {
  public readonly asked: Asked[] = [];
  private readonly server: Server;

  public constructor(private readonly answers: readonly (readonly [number, string] | "silence")[]) {
    this.server = createServer((request, response) => {
      this.take(request, response);
    });
  }

  public listen(): Promise<string> {
    return new Promise((resolve) => {
      this.server.listen(0, "127.0.0.1", () => {
        resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
      });
    });
  }

  public close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const answer = this.answers[Math.min(this.asked.length, this.answers.length - 1)];
      this.asked.push({ path: request.url, body });
      if (answer !== "silence") {
        response.writeHead(answer[0]).end(answer[1]);
      }
    });
  }
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function wait(
  url: string,
  timeoutSeconds: number,
  more: { readonly [name: string]: string } = {},
): Promise<Outcome> {
  const completion = { path: "/v1/chat/completions", body: BODY, mustContain: "16 of 16" };
  const env = {
    ...{ PATH: process.env.PATH, CLUSTER: "llama", HEAD: "gpu-0 (10.30.0.10)", API_URL: url },
    ...{ COMPLETION: JSON.stringify(completion), COMPLETION_SECONDS: "1", PAUSE_SECONDS: "0.05" },
    ...{ TIMEOUT_SECONDS: String(timeoutSeconds), ...more },
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [SCRIPT], { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

async function against(answers: ConstructorParameters<typeof Api>[0], seconds: number, more = {}) {
  const api = new Api(answers);
  const url = await api.listen();
  const outcome = await wait(url, seconds, more);
  api.close();
  return { ...outcome, asked: api.asked, url };
}

describe("the wait for an API", () => {
  it("ends when a completion has come, after everything else that came before", async () => {
    const { code, output, asked, url } = await against(
      [
        [503, "loading"],
        [200, "<html>"],
        [200, chat("12 of 16 ranks")],
        [200, chat(" ")],
        [200, chat("16 of 16 ranks")],
      ],
      20,
    );
    expect(code).toBe(0);
    expect(
      output
        .split("\n")
        .map((line) => line.replace(/^\[ +\d+ s of 20 s\] /, ""))
        .slice(0, 6),
    ).toEqual([
      "it answers HTTP 503: loading",
      "the answer is no completion: <html>",
      "the completion must contain '16 of 16', it says '12 of 16 ranks'",
      `the answer is no completion: ${chat(" ")}`,
      `cluster 'llama' is serving after 0 s at ${url}`,
      "  completion: 16 of 16 ranks",
    ]);
    expect(asked[0]).toEqual({ path: "/v1/chat/completions", body: JSON.stringify(BODY) });
  });

  it("takes a completion without a chat, and any text where none is asked for", async () => {
    const completion = JSON.stringify({ path: "/v1/completions", body: BODY });
    const { code, asked } = await against([[200, JSON.stringify({ choices: [{ text: "x" }] })]], 5, {
      COMPLETION: completion,
    });
    expect([code, asked[0].path]).toEqual([0, "/v1/completions"]);
  });

  it("fails after the deadline, says what was seen last and where to look", async () => {
    const { code, output, url } = await against([[500, "no engine"]], 0.4);
    expect(code).toBe(1);
    expect(output.split("\n").slice(-5)).toEqual([
      expect.stringMatching(
        /^cluster 'llama' is not serving: it answers HTTP 500: no engine \(after \d s\)$/,
      ),
      `  asked: ${url}/v1/chat/completions`,
      "  what the cluster itself says, on the machine of gpu-0 (10.30.0.10): docker exec ray-cluster python3 -m ray_node status",
      "  a machine whose container does not run says why in /run/ray-cluster/failure",
      "",
    ]);
    // The same line is not said at every attempt.
    expect(output.match(/\] it answers HTTP 500/g)).toHaveLength(1);
  });

  it.each([
    ["nobody listens", "http://127.0.0.1:1", /no answer from http:\/\/127\.0\.0\.1:1: ECONNREFUSED/],
    ["the name is none", "http://head.invalid:8000", /no answer from http:\/\/head\.invalid:8000: \w+/],
  ])("fails where %s", async (_, url, says) => {
    const { code, output } = await wait(url, 0.2);
    expect(code).toBe(1);
    expect(output).toMatch(says);
  });

  it("does not wait for an answer for ever", async () => {
    const began = Date.now();
    const { code, output } = await against(["silence"], 0.5);
    expect(code).toBe(1);
    expect(output).toMatch(/no answer from .*: it takes connections and says nothing for 1 s/);
    expect(Date.now() - began).toBeLessThan(10_000);
  }, 20_000);
});
