import { followGate } from "../../../../tools/demo/gate-log";
import { type Answer, FakePrograms } from "../../../support/fake-programs";

const ABSENT: Answer = "inspect*|1|No such container";
const NOT_STARTED: Answer = "inspect*|0|0001-01-01T00:00:00Z";
const EARLIER: Answer = "inspect*|0|2026-11-21T10:00:00.5Z";
const NOW: Answer = "inspect*|0|2026-11-21T12:00:01.123456789Z";
const LOG: Answer = "logs --follow gate|0|waits for npu-1\\nserving";

describe("followGate", () => {
  const since = new Date("2026-11-21T12:00:00Z");
  let host: FakePrograms;
  afterEach(() => {
    host.restore();
  });

  it("waits for the gate of this deployment and passes on what it prints", async () => {
    host = new FakePrograms({ docker: [ABSENT, EARLIER, NOT_STARTED, NOW, LOG] });
    const lines: string[] = [];
    await followGate("gate", since, (line) => lines.push(line), new AbortController().signal);
    expect(lines).toEqual(["waits for npu-1", "serving"]);
    expect(host.calls()).toHaveLength(5);
  });

  it("ends with the deployment where there never was one", async () => {
    host = new FakePrograms({ docker: [EARLIER] });
    const ended = new AbortController();
    const lines: string[] = [];
    const following = followGate("gate", since, (line) => lines.push(line), ended.signal);
    setTimeout(() => {
      ended.abort();
    }, 100);
    await following;
    expect(lines).toEqual([]);
  });
});
