import { portOnHead } from "../../../lib/engines/port-on-head";

test("portOnHead is a single port of the head", () => {
  expect(portOnHead("server", 8001)).toEqual({ name: "server", from: 8001, to: 8001, where: "head" });
});
