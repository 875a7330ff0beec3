import { Resvg } from "@resvg/resvg-js";
import { clusterReview } from "../../../lib/review/cluster-review";
import { COLOURS, dot } from "../../../lib/review/picture/dot";
import { svgOf } from "../../../lib/review/picture/layout";
import { mermaid } from "../../../lib/review/picture/mermaid";
import { stackReview } from "../../../lib/review/stack-review";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";
import { boxesOf, overlaps, textsOf, textsOutside } from "../../support/svg";

const NO_TERMS = { machine: {}, node: {}, workload: {} };

function reviewOf(nodes: number) {
  const pools = [{ name: "gpu", nodes, accelerator: Accelerator.H100 }];
  const gpu = Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 10}`);
  const plan = planCluster(machineProps({ pools }), hostsPlace({ addresses: { gpu } }));
  return stackReview({
    stack: "test",
    missing: [],
    clusters: [clusterReview(plan, "hosts", {}, NO_TERMS)],
    parts: [{ kind: "storage", path: "models", what: "a folder", money: null }],
    made: {},
  });
}

describe.each([2, 4, 64])("the picture of %i nodes", (nodes) => {
  const svg = svgOf(dot(reviewOf(nodes)));

  test("has a box for each node, none of which cover another", () => {
    // The pool's own, clients, way out, storage.
    expect(boxesOf(svg)).toHaveLength(nodes + 4);
    expect(overlaps(svg)).toEqual([]);
  });

  test("shows every node and address, none of them cut", () => {
    const texts = textsOf(svg).map(({ text }) => text);
    for (const { name, address } of reviewOf(nodes).clusters[0].nodes) {
      expect(texts.filter((text) => text.split(" ")[0] === name)).toHaveLength(1);
      expect(texts).toContain(address);
    }
    expect(textsOutside(svg)).toEqual([]);
  });

  test("is about as wide as it is high or wider, and fits a page", () => {
    const [, width, height] = /width="(\d+)pt" height="(\d+)pt"/.exec(svg) ?? [];
    expect(Number(width)).toBeLessThan(1600);
    expect(Number(height)).toBeLessThan(1200);
  });

  test("has another colour in the dark for each one in the light", () => {
    const [, sheet] = /prefers-color-scheme: dark\){(.*)}<\/style>/.exec(svg) ?? [];
    for (const colour of Object.values(COLOURS)) {
      expect(sheet).toMatch(new RegExp(`\\[fill="${colour}"\\]{fill:#(?!${colour.slice(1)})`));
    }
    const used = svg.replace(/<style>.*<\/style>/, "").match(/(?:fill|stroke)="#\w+"/g) ?? [];
    expect(used.filter((one) => !Object.values(COLOURS).some((colour) => one.includes(colour)))).toEqual([]);
  });

  test("is drawn by a renderer", () => {
    const drawn = new Resvg(svg).render();
    const colours = new Set<string>();
    // Every read of the attribute copies the picture.
    const { pixels } = drawn;
    for (let at = 0; at < pixels.length; at += 4) {
      colours.add(pixels.subarray(at, at + 3).toString("hex"));
    }
    expect(colours).toContain(COLOURS.head.slice(1));
    expect(colours).toContain(COLOURS.node.slice(1));
    expect(drawn.asPng().subarray(1, 4).toString()).toBe("PNG");
  });
});

test("the test sees boxes that cover one another, and texts that are cut", () => {
  const svg = svgOf(dot(reviewOf(2)));
  const long = "10.20.0.10".repeat(9);
  expect(textsOutside(svg.replace(">10.20.0.10<", `>${long}<`))).toEqual([long]);
  const [, moved] = [
    ...svg.matchAll(new RegExp(`<polygon fill="${COLOURS.head}"[^>]*points="([^"]+)"`, "g")),
  ][0];
  const aside = moved.replace(/(-?[\d.]+),/g, (_, x: string) => `${Number(x) + 40},`);
  expect(overlaps(svg.replace(moved, aside)).length).toBeGreaterThan(0);
});

test("Graphviz's own message is that of the error", () => {
  expect(() => svgOf("digraph {")).toThrow(/did not lay out the picture.*syntax error/s);
});

test("Mermaid has a box for each of a few workers, and one for many of a pool", () => {
  expect(mermaid(reviewOf(4)).filter((line) => line.includes("gpu-"))).toHaveLength(4);
  const many = mermaid(reviewOf(64));
  expect(many.filter((line) => line.includes("gpu-"))).toHaveLength(2);
  expect(many.join("\n")).toContain("gpu-1 to gpu-63<br/>63 nodes of 8 accelerators");
});
