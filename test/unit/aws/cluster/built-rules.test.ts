import { join } from "node:path";
import { USER_DATA_TOPIC, WAIT_TOPIC } from "../../../../lib/aws/cluster/built-rules";
import { judge } from "../../../../lib/problems/rule";
import { describeRules } from "../support/rule-cases";

const wait = (seconds: number) => judge(WAIT_TOPIC, seconds, undefined);
const userData = (bytes: number) => judge(USER_DATA_TOPIC, bytes, undefined);

describe("rules of the wait for a cluster", () => {
  describeRules(
    [WAIT_TOPIC],
    [[43_201, "RC453", "servingTimeoutSeconds", "43201 s until the cluster serves"]],
    wait,
    join(__dirname, "wait-rules.golden.txt"),
  );

  it("accept the longest wait", () => {
    expect(wait(43_200)).toEqual([]);
  });
});

describe("rules of user data", () => {
  describeRules(
    [USER_DATA_TOPIC],
    [[16_385, "RC454", "userData", "16385 bytes after gzip"]],
    userData,
    join(__dirname, "user-data-rules.golden.txt"),
  );

  it("accept the largest user data", () => {
    expect(userData(16_384)).toEqual([]);
  });
});
