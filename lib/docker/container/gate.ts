import { Container } from "@cdktf/provider-docker/lib/container";
import { conditional, Op, type TerraformProvider, Token } from "cdktf";
import type { Construct } from "constructs";
import type { GateSpec } from "../../runtime/container-spec/gate-container";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import { type ContainerPlacement, gateContainerConfig } from "./node-container";

export interface GateProps {
  readonly provider: TerraformProvider;
  readonly spec: GateSpec;
  readonly placement: ContainerPlacement;
  /** Containers of all nodes. */
  readonly nodes: readonly Container[];
}

/** Start and end of the gate's container, beyond the wait itself. */
const TIMEOUT_MARGIN_SECONDS = 120;

/** The verdict gets the log as one environment string, of at most 128 KiB: this many characters of four bytes fit. */
const LOG_CHARACTERS = 30_000;

/** Constant: what differs from run to run comes in the environment. */
const VERDICT = `printf '%s\\n' "$GATE_LOG"; exit "$GATE_EXIT_CODE"`;

/**
 * Lets a deployment return only when the cluster serves. The provider's own `wait` has one sentence
 * for every failure; the gate is a container that waits beside the nodes and says why. Its exit code
 * fails the apply and taints the gate, so that the next deployment waits anew.
 */
export class Gate {
  private readonly container: Container;

  public constructor(scope: Construct, props: GateProps) {
    const { nodes, spec } = props;
    this.container = new Container(scope, "gate", {
      ...gateContainerConfig(spec, props.placement),
      provider: props.provider,
      // An id that changes: a node was made anew, perhaps because somebody had deleted it by hand.
      labels: nodes.map((node) => ({ label: `ray-cluster.node.${node.node.id}`, value: node.id })),
      // A change in place: a node had stopped and is started again.
      lifecycle: { replaceTriggeredBy: nodes.map(resourceAddress) },
      provisioners: [
        {
          type: "local-exec",
          command: VERDICT,
          environment: {
            GATE_LOG: `\${substr(self.container_logs, max(0, length(self.container_logs) - ${LOG_CHARACTERS}), -1)}`,
            GATE_EXIT_CODE: "${self.exit_code}",
          },
        },
      ],
    });
    // The bindings are older than this block, and the provider's default is 20 minutes.
    this.container.addOverride("timeouts", { create: `${spec.timeoutSeconds + TIMEOUT_MARGIN_SECONDS}s` });
  }

  /** `value` for readers who get it only when the cluster serves. */
  public whenServing(value: string): string {
    // Not `eq(…, 0)`: cdktf writes a zero as `undefined`.
    return Token.asString(
      conditional(Op.lt(this.container.exitCode, 1), literal(value, "value of the gate"), null),
    );
  }
}
