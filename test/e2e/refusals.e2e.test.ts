/**
 * Deploys that must fail within their deadline and name node and reason: six of eight accelerators, a wrong token,
 * a head address that is not local, another Ray.
 */
import { describeWith } from "../support/requirements";
import { gateLog, note } from "./support/cluster";
import { DEPLOYMENT, emulationImage, OLDER_RAY } from "./support/requirements";
import { smallCluster } from "./support/small-cluster";
import type { Fault } from "./stacks/small-cluster";

const NAME = "e2e-refusals";

/** Sum of the stack's deadlines, and what Terraform and Docker need around it. */
const DEADLINE_SECONDS = 3 * 90 + 30 + 10 + 60;

interface Case {
  readonly what: string;
  readonly fault: Fault;
  /** As the gate's block must say it in the output of `cdktf deploy`. */
  readonly says: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    what: "a worker with six of eight accelerators",
    fault: "six-accelerators",
    says: [/culprit: npu-1 \(10\.89\.102\.11\)/, /reason: .*6 of 8 accelerators/],
  },
  {
    what: "a worker with a wrong token",
    fault: "wrong-token",
    says: [/culprit: npu-1 \(10\.89\.102\.11\)/, /reason: .*wrong token/],
  },
  {
    what: "a head address that is not local",
    fault: "foreign-head-address",
    says: [/culprit: npu-0 \(10\.89\.102\.10\)/, /reason: .*10\.89\.102\.10.*10\.89\.102\.77/],
  },
  {
    what: "a worker with another Ray",
    fault: "older-ray-on-worker",
    says: [/culprit: npu-1 \(10\.89\.102\.11\)/, /reason: .*2\.47\.1/],
  },
];

describeWith(
  [...DEPLOYMENT, emulationImage(OLDER_RAY)],
  "cdktf deploy fails and names node and reason",
  () => {
    it.each(CASES)(
      "for $what",
      async ({ fault, says }) => {
        const { project, cluster } = smallCluster(NAME, {
          subnetCidr: "10.89.102.0/24",
          apiPort: 8102,
          acceleratorsPerNode: 8,
          fault,
        });
        try {
          await cluster.docker.sweep(NAME);
          const failed = await project.deploy(DEADLINE_SECONDS);
          const said = await gateLog(cluster);
          const block = said.slice(said.indexOf(`cluster '${NAME}' is not serving`));
          note(`exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s\n${block}`);
          expect(failed.exitCode).not.toBe(0);
          expect(failed.output).toContain(`cluster '${NAME}' is not serving`);
          for (const expected of says) {
            expect(block).toMatch(expected);
          }
        } finally {
          await cluster.docker.sweep(NAME);
          project.remove();
        }
      },
      700_000,
    );
  },
);
