import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Comparison, inTurns, node } from "./measure";

const APP = join(__dirname, "aws-app.cjs");
const [MANY, FEW] = [1024, 4];
/** Of the 16 KiB that EC2 takes: names that only apply knows come on top. */
const USER_DATA_BYTES = 12 * 1024;

interface Template {
  readonly name_prefix: string;
  readonly user_data: string;
}

interface Stack {
  readonly resource: {
    readonly [type: string]: object;
    readonly aws_launch_template: { readonly [name: string]: Template };
  };
  readonly locals: { readonly [name: string]: string };
}

/** A large cluster on EC2 against a small one, and what the machines of every topology boot. */
export async function aws(runs: number): Promise<Comparison[]> {
  const [many, few, stacks] = [MANY, FEW, 0].map(() => mkdtempSync(join(tmpdir(), "ray-cluster-bench-")));
  try {
    const samples = await inTurns(
      runs,
      () => node([APP, String(MANY)], many),
      () => node([APP, String(FEW)], few),
    );
    await node([APP], stacks);
    const seconds = (of: "ours" | "floor") => samples[of].map((sample) => sample.seconds);
    const [large, small] = [many, few].map((folder) => synthesized(folder)[0][1]);
    return [
      {
        what: `synth, ${MANY} nodes against ${FEW}`,
        unit: "s",
        ours: seconds("ours"),
        floor: seconds("floor"),
        target: 1.3,
      },
      {
        what: `resources, ${MANY} nodes against ${FEW}`,
        unit: "",
        ours: [resourcesOf(large)],
        floor: [resourcesOf(small)],
        target: 1,
      },
      ...userData(`${MANY} nodes`, large),
      ...synthesized(stacks).flatMap(([name, stack]) => userData(name, stack)),
    ];
  } finally {
    [many, few, stacks].forEach((folder) => {
      rmSync(folder, { recursive: true });
    });
  }
}

/** Stacks of a folder by their name. */
function synthesized(folder: string): (readonly [name: string, stack: Stack])[] {
  const stacks = join(folder, "cdktf.out", "stacks");
  return readdirSync(stacks).map((name) => [
    name,
    JSON.parse(readFileSync(join(stacks, name, "cdk.tf.json"), "utf8")) as Stack,
  ]);
}

function resourcesOf({ resource }: Stack): number {
  return Object.values(resource).reduce((sum, named) => sum + Object.keys(named).length, 0);
}

/** Bytes of gzip that EC2 is given, by role, against what this project allows itself. */
function userData(topology: string, { resource, locals }: Stack): Comparison[] {
  return Object.values(resource.aws_launch_template).map((template) => {
    const [, local = ""] = /local\.([\w-]+)/.exec(template.user_data) ?? [];
    const role = /-head-$/.test(template.name_prefix) ? "head" : "worker";
    const bytes = gzipSync(locals[local]).length;
    return {
      what: `user data, ${topology}, ${role}`,
      unit: "B",
      ours: [bytes],
      floor: [USER_DATA_BYTES],
      target: 1,
    };
  });
}
