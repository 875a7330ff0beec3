import { EmulatedServe, HostPathStorage } from "../../lib";
import { review } from "../../lib/cli/review/review";
import type { StackChange } from "../../lib/review/change/change";
import { predictedActions } from "../../lib/review/change/stack-json";
import { type Change, changed, imageOf } from "../support/changed-declaration";
import { Deployed } from "../support/deployed-state";
import { describeWith, DOCKER_PROVIDER, TERRAFORM } from "../support/requirements";
import type { Synthesized } from "../support/synth";

jest.setTimeout(300_000);

const ENGINE = /^engine restarts; machines, Ray and storage kept$/;
const NODES = /^containers, Ray and engine restart on 3 nodes; machines kept$/;
const HEAD = /^containers, Ray and engine restart on 1 node; machines kept$/;
const LOST = /^\*\*DATA IS LOST \(docker_volume\./;

/** What changed, the sentence of it, what `--fail-on replace,data` finds, and a word of the report. */
const PAIRS: readonly (readonly [string, "local" | "hosts", Change, RegExp, 0 | 2, string])[] = [
  [
    "another model",
    "local",
    { cluster: { engine: new EmulatedServe({ servedModel: "x" }) } },
    ENGINE,
    0,
    "engine.servedModel",
  ],
  [
    "a variable of the engine",
    "local",
    { cluster: { driverEnvironment: { A: "1" } } },
    ENGINE,
    0,
    "driverEnvironment.A",
  ],
  ["more attempts", "hosts", { cluster: { engineStartAttempts: 9 } }, ENGINE, 0, "engineStartAttempts"],
  ["a variable of the cluster", "local", { cluster: { environment: { A: "1" } } }, NODES, 2, "environment.A"],
  [
    "more accelerators",
    "hosts",
    { pool: { acceleratorsPerNode: 3 } },
    NODES,
    2,
    "pools.npu.acceleratorsPerNode",
  ],
  ["another image", "local", { cluster: { image: imageOf("2") } }, NODES, 2, "image"],
  ["another image of machines", "hosts", { cluster: { image: imageOf("2") } }, NODES, 2, "image"],
  ["one node more", "local", { pool: { nodes: 4 } }, /kept; nodes: 1 added$/, 0, "pools.npu.nodes"],
  ["one node less", "local", { pool: { nodes: 2 } }, LOST, 2, "pools.npu.nodes"],
  [
    "other storage",
    "local",
    { cluster: { storage: [HostPathStorage.shared("/mnt/x")] } },
    LOST,
    2,
    "storage",
  ],
  ["another port of the host", "local", { local: { apiPort: 9000 } }, HEAD, 2, ""],
  [
    "another port of ssh",
    "hosts",
    { hosts: { sshPort: 2222 } },
    /^nothing that is running is touched$/,
    0,
    "",
  ],
];

describeWith([TERRAFORM, DOCKER_PROVIDER], "the report of a change", () => {
  const made: Synthesized[] = [];
  const stackOf = (place: "local" | "hosts", change: Change = {}) => {
    const stack = changed(place, change);
    made.push(stack);
    return stack;
  };
  const outputOf = (stack: Synthesized) => stack.folder.replace(/\/stacks\/test$/, "");
  const before = new Map<string, { readonly stack: Synthesized; readonly deployed: Deployed }>();
  beforeAll(() => {
    for (const place of ["local", "hosts"] as const) {
      // Terraform works in the folder of what is deployed.
      before.set(place, { stack: stackOf(place), deployed: new Deployed(stackOf(place)) });
    }
  });
  afterAll(() => {
    made.forEach((stack) => {
      stack.remove();
    });
  });

  it.each(PAIRS)(
    "of %s on %s is that of Terraform's plan",
    async (_, place, change, sentence, code, word) => {
      const old = before.get(place);
      if (old === undefined) {
        throw new Error(`nothing is deployed on ${place}`);
      }
      const after = stackOf(place, change);
      const planned = [...old.deployed.changesTo(after)].map(([address, action]) => `${address} ${action}`);
      const predicted = predictedActions(old.stack.json, after.json).map(
        ({ address, action }) => `${address} ${action}`,
      );
      expect(predicted.sort()).toEqual(planned.sort());

      let said = "";
      const options = {
        against: outputOf(old.stack),
        output: outputOf(after),
        json: true,
        failOn: "replace,data",
      };
      const exitCode = await review("test", options, (text) => (said += text));
      const [{ effect, terms }] = JSON.parse(said) as StackChange[];
      expect(effect).toMatch(sentence);
      expect(exitCode).toBe(code);
      expect(terms.map(({ path }) => path)).toEqual(word === "" ? [] : expect.arrayContaining([word]));
    },
  );
});
