import { unless } from "../problems/checks";
import { errorRule, type Topic } from "../problems/rule";
import { show } from "../problems/text";
import type { EngineContext } from "../topology/engine-spec";

/** Where an engine's API listens. */
export interface Listening {
  readonly listenAddress?: string;
}

const EVERY_INTERFACE = "0.0.0.0";
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** As declared, else the head's address on the cluster network, which the endpoint names. */
export function listenAddress(
  { listenAddress: declared }: Listening,
  { headAddress }: EngineContext,
): string {
  return declared ?? headAddress ?? EVERY_INTERFACE;
}

export const LISTENING_TOPIC: Topic<Listening, EngineContext> = {
  title: "Where an API listens",
  rules: [
    errorRule("RC607", {
      title: "The API listens where the head asks it",
      why: "The head proves at its address on the cluster network that the engine serves.",
      check: ({ listenAddress: declared }, { headAddress }) =>
        unless(
          declared === undefined ||
            declared === EVERY_INTERFACE ||
            (IPV4.test(declared) && (headAddress === undefined || declared === headAddress)),
          {
            path: "engine.listenAddress",
            got: show(declared),
            must: `be ${EVERY_INTERFACE} or the head's address${headAddress === undefined ? "" : `, ${headAddress}`}`,
            fix: `leave it out, or set it to ${EVERY_INTERFACE} for every interface of the head`,
          },
        ),
    }),
  ],
};
