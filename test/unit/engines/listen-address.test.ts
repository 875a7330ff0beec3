import { listenAddress, LISTENING_TOPIC } from "../../../lib/engines/listen-address";
import { judge } from "../../../lib/problems/rule";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { contextOf, HEAD_ADDRESS } from "./support/systems";

const SHAPE = { accelerator: Accelerator.H100, nodes: 2, perNode: 8 };

test.each([
  ["the head's address where nothing is declared", undefined, HEAD_ADDRESS, HEAD_ADDRESS],
  ["every interface where that is declared", "0.0.0.0", HEAD_ADDRESS, "0.0.0.0"],
  ["the head's address where it is declared", HEAD_ADDRESS, HEAD_ADDRESS, HEAD_ADDRESS],
  ["every interface where the place assigns the address", undefined, undefined, "0.0.0.0"],
  ["what is declared where the place assigns the address", "10.1.2.3", undefined, "10.1.2.3"],
])("an API listens on %s", (_, declared, headAddress, found) => {
  const context = contextOf(SHAPE, { headAddress });
  expect(listenAddress({ listenAddress: declared }, context)).toBe(found);
  expect(judge(LISTENING_TOPIC, { listenAddress: declared }, context)).toEqual([]);
});
