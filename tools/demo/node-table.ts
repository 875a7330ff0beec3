import { CommandError } from "../../lib/cli/base/command-error";
import { howItEnded, run } from "../../lib/cli/base/process";
import type { LocalStack } from "./synthesized-stack";
import { table } from "../../lib/cli/base/table";

/** The part of the head's `ray_node status --json` that the table shows. */
interface HeadState {
  readonly node: string;
  readonly state: string;
  readonly members: readonly {
    readonly name: string;
    readonly address: string | null;
    readonly accelerators: number;
    readonly planned: number;
    readonly verdict: string;
  }[];
}

const ANSWER_SECONDS = 30;

/**
 * The nodes as the head sees them.
 *
 * @throws CommandError if the head does not report its state
 */
export async function nodeTable(stack: LocalStack): Promise<string> {
  const outcome = await run("docker", ["exec", stack.head, "python3", "-m", "ray_node", "status", "--json"], {
    timeoutSeconds: ANSWER_SECONDS,
  });
  const state = parse(outcome.stdout);
  if (state === undefined) {
    throw new CommandError(`${stack.head} does not report its state: docker exec ${howItEnded(outcome)}`);
  }
  return tableOf(state);
}

function tableOf(state: HeadState): string {
  return table([
    ["NODE", "ROLE", "ADDRESS", "ACCELERATORS", "STATE"],
    ...state.members.map((member) => [
      member.name,
      member.name === state.node ? "head" : "worker",
      member.address ?? "-",
      `${member.accelerators} of ${member.planned}`,
      member.name === state.node ? state.state : member.verdict,
    ]),
  ]);
}

function parse(text: string): HeadState | undefined {
  try {
    return JSON.parse(text) as HeadState;
  } catch {
    return undefined;
  }
}
