import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FOUND, review, type ReviewOptions, runningOf } from "../../../../lib/cli/review/review";
import { clusterReview } from "../../../../lib/review/cluster-review";
import { stackReview, type StackReview } from "../../../../lib/review/stack-review";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

const folders: string[] = [];
afterAll(() => {
  folders.forEach((folder) => {
    rmSync(folder, { recursive: true });
  });
});

const TERMS = { machine: {}, node: {}, workload: { number: "1" } };

/** A folder as cdktf has written it, with the price and the clients of one cluster. */
function written({ usd = 1, clients = ["a"], image = "1", stack = "s" }): string {
  const output = mkdtempSync(join(tmpdir(), "review-"));
  folders.push(output);
  const folder = join(output, "stacks", stack);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "review.json"), JSON.stringify(reviewOf(usd, clients, stack)));
  writeFileSync(join(folder, "review.md"), `# ${stack}\n`);
  const resource = { docker_container: { c_a_0123ABCD: { image } }, docker_volume: { v: { name: image } } };
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ resource }));
  return output;
}

function reviewOf(usdPerHour: number, clients: readonly string[], stack: string): StackReview {
  const reviewFacts = {
    prices: [{ what: "m", count: 1, usdPerHour, source: "list" }],
    reach: { clients, apiHeldBy: "a group", wayOut: "nowhere" },
    destroy: { lost: [], kept: [] },
    recovery: { worker: "", head: "", site: "", storage: "" },
  };
  const cluster = clusterReview(planCluster(emulatedProps(), localPlace()), "local", { reviewFacts }, TERMS);
  return stackReview({ stack, missing: [], clusters: [cluster], parts: [], made: {} });
}

async function ran(options: ReviewOptions, stack?: string): Promise<{ code: number; said: string }> {
  let said = "";
  const code = await review(stack, options, (text) => (said += text));
  return { code, said };
}

/** What differs from a review with the defaults, what is refused, and the exit code. */
test.each<[string, Parameters<typeof written>[0], string, number]>([
  ["the same", {}, "replace,reach,cost,data", 0],
  ["a higher price", { usd: 2 }, "cost", FOUND],
  ["a higher price that is not asked about", { usd: 2 }, "reach,replace,data", 0],
  ["a lower price", { usd: 0.5 }, "cost", 0],
  ["further clients", { clients: ["a", "b"] }, "reach", FOUND],
  ["another image", { image: "2" }, "replace", FOUND],
  ["another volume", { image: "2" }, "data", FOUND],
  ["a change without --fail-on", { image: "2", usd: 9 }, "", 0],
])("%s", async (_, change, failOn, code) => {
  expect((await ran({ output: written(change), against: written({}), failOn })).code).toBe(code);
});

test("says money and reach as they were and as they are", async () => {
  const output = written({ usd: 2, clients: ["a", "b"] });
  const { said } = await ran({ output, against: written({}) });
  expect(said).toContain("# Change of s: nothing that is running is touched");
  expect(said).toContain("- money: 1.00 USD an hour → 2.00 USD an hour");
  expect(said).toMatch(/- reach: API :\d+ from a \(.*\) → API :\d+ from a, b \(/);
});

test("a stack that is not there yet is new", async () => {
  const { said } = await ran({ output: written({}), against: written({ stack: "other" }) });
  expect(said).toContain("# Change of s: everything is new; nothing runs yet");
  expect(said).toContain("- cluster `local-2x8` is new");
});

test("prints the page, and data with --json", async () => {
  const output = written({});
  expect((await ran({ output })).said).toBe("# s\n");
  expect(JSON.parse((await ran({ output, json: true }, "s")).said)[0].stack).toBe("s");
});

test.each<[ReviewOptions, RegExp]>([
  [{ output: "/nowhere" }, /\/nowhere has no review/],
  [{ failOn: "cost" }, /nothing is named to compare with/],
  [{ failOn: "price", against: "state" }, /--fail-on knows no 'price'/],
  [{ against: "no-such-commit" }, /'no-such-commit' cannot be compared with/],
])("refuses %j", async (options, message) => {
  await expect(ran({ output: written({}), ...options })).rejects.toThrow(message);
});

test("what runs is the record in the state, of the same cluster or of one that goes", () => {
  const record = (path: string, input?: object) => ({
    address: `terraform_data.${path}_lives_0123ABCD`,
    change: { actions: ["update"], before: input === undefined ? null : { input } },
  });
  const decided = { usdPerHour: 1, reach: [] };
  const changes = [record("local-2x8", { ...TERMS, decided }), record("scope_gone", TERMS), record("new")];
  const running = runningOf({ resource_changes: changes }, reviewOf(1, [], "s"));
  expect(running.map(({ name }) => name)).toEqual(["local-2x8", "scope_gone"]);
  expect(running[0].decided).toEqual(decided);
  expect(running[1].decided).toBeUndefined();
});
