import { engineMilestone } from "../../catalog/engines";
import { isWhole } from "../../problems/checks";
import { errorRule, type Topic, warningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import type { EngineContext } from "../../topology/engine-spec";
import { isBefore } from "../releases/engine-version";
import { hasReplicas, type LmdeployCut, serverPorts } from "./lmdeploy-cut";
import type { LmdeployServeProps } from "./lmdeploy-props";

/** What the rules of replicas look at. */
export interface LmdeployReplicas extends LmdeployCut {
  readonly props: LmdeployServeProps;
  /** Version of LMDeploy; `undefined`: not known. */
  readonly version?: string;
}

const MILESTONE = "lmdeploy-ports-of-replicas";
const DATA = "engine.dataParallelSize";
const EXPERTS = "engine.expertParallelSize";

export const LMDEPLOY_REPLICAS_TOPIC: Topic<LmdeployReplicas, EngineContext> = {
  title: "Replicas of LMDeploy",
  rules: [
    errorRule("RC185", {
      title: "Every node runs the same number of LMDeploy's replicas",
      why: "Each node starts the replicas divided by the nodes, rounded down: those that are left over would be waited for.",
      check: ({ parallelism: { data }, nodes, accelerators }) =>
        (!isWhole(data, 1) || (data > 1 && data % nodes !== 0)) && {
          path: DATA,
          got: String(data),
          must: nodes > 1 ? `be 1 or a multiple of ${nodes} nodes` : "be a whole number of at least 1",
          fix: `use ${[nodes, accelerators].filter((size, index, all) => all.indexOf(size) === index).join(" or ")}`,
        },
    }),
    errorRule("RC186", {
      title: "LMDeploy's replicas have all accelerators",
      why: "With more ranks than accelerators a server waits for them without end; with fewer, accelerators are idle.",
      // Of a known model RC101 says it.
      check: (cut, { model }) => {
        const { tensor, data } = cut.parallelism;
        return (
          hasReplicas(cut) &&
          model === undefined &&
          isWhole(data, 1) &&
          tensor * data !== cut.accelerators && {
            path: "engine.tensorParallelSize",
            got: `${tensor} in ${data} replicas`,
            must: `be ${cut.accelerators} accelerators divided by the number of replicas`,
            fix:
              cut.accelerators % data === 0
                ? `leave it out, or use ${cut.accelerators / data}`
                : "use a number of replicas that divides the accelerators",
          }
        );
      },
    }),
    errorRule("RC187", {
      title: "LMDeploy distributes whole experts over all accelerators or not at all",
      why: "It starts as many ranks as '--ep' says.",
      check: ({ experts, accelerators }) =>
        experts !== 1 &&
        experts !== accelerators && {
          path: EXPERTS,
          got: String(experts),
          must: `be 1 or ${accelerators}, the number of accelerators`,
          fix: `use ${accelerators}, or leave it out`,
        },
    }),
    errorRule("RC188", {
      title: "LMDeploy distributes whole experts only over replicas",
      why: "Its PyTorch engine requires '--dp' with '--ep'.",
      check: ({ experts, parallelism: { data }, nodes, accelerators }) =>
        experts > 1 &&
        data === 1 && {
          path: EXPERTS,
          got: String(experts),
          must: "be 1 without data parallelism",
          fix: `set dataParallelSize, e.g. to ${nodes > 1 ? nodes : accelerators}`,
        },
    }),
    errorRule("RC189", {
      title: "LMDeploy is new enough to run replicas on planned ports",
      why: "Older servers behind a proxy listen on random ports, which no packet filter lets through.",
      check: (cut) =>
        hasReplicas(cut) &&
        isBefore(MILESTONE, cut.version) && {
          path: DATA,
          got: String(cut.parallelism.data),
          must: `be 1 with LMDeploy older than ${engineMilestone(MILESTONE).version} (this is ${cut.version})`,
          fix: "use a newer image, or tensor parallelism alone",
          links: engineMilestone(MILESTONE).links,
        },
    }),
    errorRule("RC190", {
      title: "LMDeploy's replicas meet at a planned address",
      why: "The head's address is in the command and the environment of every node's servers.",
      check: (cut) =>
        hasReplicas(cut) &&
        cut.headAddress === undefined && {
          path: DATA,
          got: String(cut.parallelism.data),
          must: "be 1 where the plan does not know the head's address, at which the replicas meet",
          fix: "use a backend that plans addresses, or tensor parallelism alone",
        },
    }),
    errorRule("RC191", {
      title: "LMDeploy's replicas speak plain HTTP, and HAProxy TLS",
      why: "The servers would register with the proxy by its address, which its certificate is not known to hold.",
      check: (cut) =>
        hasReplicas(cut) &&
        cut.props.tls !== undefined &&
        cut.props.reverseProxy === undefined && {
          path: "engine.tls",
          got: "a certificate",
          must: "be left out with data parallelism and no reverseProxy",
          fix: "set reverseProxy: { serverPort: 8001 }, which puts HAProxy of the image in front, or let a load balancer speak TLS",
        },
    }),
    warningRule("RC192", {
      title: "API keys guard every server that takes requests",
      why: "Only the head has the file with the keys, and servers behind LMDeploy's proxy run on every node.",
      check: (cut) =>
        hasReplicas(cut) &&
        cut.props.apiKeys !== undefined && {
          path: "engine.apiKeys",
          got: "a file of keys",
          consequence: `guards the API alone: ${servers(cut)} on every node ask for no key`,
          fix: "let nobody but the cluster reach these ports",
        },
    }),
    errorRule("RC194", {
      title: "HAProxy is for LMDeploy's replicas",
      why: "A single server of LMDeploy asks for keys and speaks TLS by itself.",
      check: (cut) =>
        !hasReplicas(cut) &&
        cut.props.reverseProxy !== undefined && {
          path: "engine.reverseProxy",
          got: show(cut.props.reverseProxy.serverPort),
          must: "be left out without data parallelism",
          fix: "remove it; apiKeys and tls work without it",
        },
    }),
    warningRule("RC193", {
      title: "The clients of LMDeploy's proxy are trusted",
      why: "Its paths below /nodes add and remove servers, and ask for no key.",
      check: (cut) =>
        hasReplicas(cut) &&
        cut.props.reverseProxy === undefined && {
          path: DATA,
          got: String(cut.parallelism.data),
          consequence: `puts LMDeploy's proxy on port ${cut.port}, where every client can add and remove servers below /nodes, with or without an API key`,
          fix: "set reverseProxy: { serverPort: 8001 }, which puts HAProxy of the image in front and lets clients reach /v1 alone",
        },
    }),
  ],
};

function servers(cut: LmdeployCut): string {
  const [{ from, to }] = serverPorts(cut);
  return from === to ? `the servers on port ${from}` : `the servers on ports ${from} to ${to}`;
}
