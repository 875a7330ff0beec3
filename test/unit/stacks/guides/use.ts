import type { Row } from "./guide";

/** What a person types to look at a cluster that runs, and to use it. */
export const USE = "Look and use";

/** Of the head in every inventory of examples. */
const GCS = "192.0.2.11:6379";

/** `ray status` in a container. */
export function rayStatus(guide: string): Row {
  return {
    part: USE,
    guide,
    here:
      "the same in `docker exec` on any node, or `npx cdktf-ray-cluster run <stack> -- ray status`; " +
      "`status <stack>` asks all nodes at once and names the culprit first",
    shown: [
      { inContainer: "RAY_ADDRESS", is: GCS },
      { file: "test/e2e/local-2x8.e2e.test.ts", holds: '"ray", "status"' },
      { file: "test/e2e/engines.e2e.test.ts", holds: '"ray", "status"' },
    ],
  };
}

export const SHELL: Row = {
  part: USE,
  guide: "`docker exec -it <container> /bin/bash`",
  here:
    "the same on the machine, or `npx cdktf-ray-cluster shell <stack> --node <node>` from where Terraform runs, " +
    "with the variables that only the node knows",
  shown: [
    { file: "test/e2e/local-2x8.e2e.test.ts", holds: '"shell", cluster.name' },
    { file: "lib/runtime/ray_node/cli/run.py", holds: "def of_node" },
  ],
};

export const LOGS: Row = {
  part: USE,
  guide: "the output in each terminal, to see whether it works",
  here: "`npx cdktf-ray-cluster logs <stack> -f`: all nodes at once, each line with its node",
  shown: [{ file: "test/e2e/local-2x8.e2e.test.ts", holds: '"logs", ["--follow"' }],
};

export const RAY_INIT: Row = {
  part: USE,
  guide: "a program of one's own on the cluster, with `ray.init()`",
  here: "the same in `docker exec` on any node; with `python3 -m ray_node run -- <program>` it has the engine's variables too",
  shown: [
    { file: "test/e2e/engines.e2e.test.ts", holds: "import ray; ray.init()" },
    { file: "test/e2e/engines.e2e.test.ts", holds: "python3 -m ray_node run" },
  ],
};
