import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Consumer } from "../support/consumer";

/** What becomes of each use: `ok`, or the rules that refuse it. */
const OUTCOMES: readonly (readonly [use: string, outcome: string])[] = [
  ["(a) a VPC of one's own", "ok"],
  ["(a) a network that reaches nothing", "RC481"],
  ["(b) two clusters on one network", "RC480"],
  ["(b) two stacks with one name in one account", "ok"],
  ["(b) two local backends", "RC203 RC203"],
  ["(b) one local backend for two clusters", "RC203 RC203"],
  ["(b) two clusters on the same machines", "RC328 RC329"],
  ["(b) two local backends that share nothing", "ok"],
  ["(c) a pool alone, (f) an escape hatch", "ok"],
  ["(d) a Lustre alone", "ok"],
  ["(e) hosts beside resources of one's own", "ok"],
  ["(g) an engine of one's own", "ok"],
  ["(h) two regions", "ok"],
  ["(i) values that are known at apply", "ok"],
  ["(i) a list of clients that is known at apply as a whole", "RC096"],
  ["(i) a number of nodes that is known at apply", "RC096"],
  ["(j) a test of one's own", "ok"],
  ["(k) tags on every machine", "ok"],
  ["an endpoint in another stack", "ok"],
];

describe("the package in an app of somebody else", () => {
  const source = readFileSync(join(__dirname, "../support/uses.ts"), "utf8");
  let consumer: Consumer;
  let types = "";
  let found: ReadonlyMap<string, string>;

  beforeAll(() => {
    consumer = new Consumer(["@cdktf/provider-aws", "@cdktf/provider-docker"]);
    const file = consumer.write("uses.ts", source.replace('"../../lib"', '"cdktf-ray-cluster"'));
    types = consumer.typeCheck(file, "--module", "node16", "--moduleResolution", "node16", "--skipLibCheck");
    found = new Map(JSON.parse(consumer.run("node", "uses.js")) as readonly (readonly [string, string])[]);
  });

  afterAll(() => consumer.remove());

  it("has types for all uses", () => {
    expect(types).toBe("");
  });

  it.each(OUTCOMES)("%s: %s", (use, outcome) => {
    expect(found.get(use)).toBe(outcome);
  });

  it("has no other uses", () => {
    expect([...found.keys()]).toEqual(OUTCOMES.map(([use]) => use));
  });
});
