import { UNKNOWN_PLACE } from "../../../lib/review/cluster-review";
import { sockets, socketText } from "../../../lib/review/reach";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";

test.each([
  [undefined, "token for Ray, none for the rest, unencrypted"],
  [true, "token for Ray, none for the rest, TLS except for collectives and Ray's HTTP"],
])("with internodeTls %s the first screen says how the nodes' traffic travels", (internodeTls, expected) => {
  const plan = planCluster(machineProps({ internodeTls }), hostsPlace());
  const own = sockets(plan, UNKNOWN_PLACE).find(({ what }) => what !== "API");
  expect(own?.authentication).toBe(expected);
  expect(own && socketText(own)).toContain(`; ${expected})`);
});
