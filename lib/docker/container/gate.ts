import { Container } from "@cdktf/provider-docker/lib/container";
import { conditional, Op, type TerraformProvider, Token } from "cdktf";
import type { Construct } from "constructs";
import type { GateSpec } from "../../runtime/container-spec/gate-container";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import { deployerFile } from "./deployer";
import { type ContainerPlacement, gateContainerConfig } from "./node-container";

export interface GateProps {
  readonly provider: TerraformProvider;
  readonly spec: GateSpec;
  readonly placement: ContainerPlacement;
  /** Containers of all nodes. */
  readonly nodes: readonly Container[];
}

/** Time to start and end the container, beyond the wait itself. */
const TIMEOUT_MARGIN_SECONDS = 120;

/** The log is passed as one environment string of at most 128 KiB; this many characters of four bytes fit. */
const LOG_CHARACTERS = 30_000;

/** Constant; everything that differs is in the environment. */
const VERDICT = `printf '%s\\n' "$GATE_LOG"; exit "$GATE_EXIT_CODE"`;

/**
 * The readiness check: a container that waits beside the nodes until the cluster serves, and prints the reason if it does
 * not. The provider's own `wait` has the same message for every failure. The exit code fails the apply and taints the
 * container, so that the next deployment waits again.
 */
export class Gate {
  private readonly container: Container;

  public constructor(scope: Construct, props: GateProps) {
    const { nodes, spec } = props;
    const uploads = [...(props.placement.uploads ?? []), deployerFile(scope)];
    this.container = new Container(scope, "gate", {
      ...gateContainerConfig(spec, { ...props.placement, uploads }),
      provider: props.provider,
      // The id changes when a node was replaced, also after it was deleted by hand.
      labels: nodes.map((node) => ({ label: `ray-cluster.node.${node.node.id}`, value: node.id })),
      // A node that had stopped is updated in place.
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
    // The bindings predate this block, and the provider's default is 20 minutes.
    this.container.addOverride("timeouts", { create: `${spec.timeoutSeconds + TIMEOUT_MARGIN_SECONDS}s` });
  }

  /** `value` once the cluster serves, and no value otherwise. */
  public whenServing(value: string): string {
    // Not `eq(…, 0)`: cdktf renders a zero as `undefined`.
    return Token.asString(conditional(Op.lt(this.container.exitCode, 1), literal(value, "endpoint"), null));
  }
}
