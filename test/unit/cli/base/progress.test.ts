import { Progress } from "../../../../lib/cli/base/progress";

describe("Progress", () => {
  const lines: string[] = [];
  const progress = (): Progress => new Progress((line) => lines.push(line));

  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function after(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }

  it("says how long it has been, and indents what belongs to a line", () => {
    const one = progress();
    jest.advanceTimersByTime(12_000);
    one.say("first\nsecond");
    expect(lines).toEqual(["[  12 s] first", "         second"]);
  });

  it("gives a sign of life in a step without a word, and says how long the step took", async () => {
    const step = progress().step("waiting", () => after(40), "1 min");
    await jest.advanceTimersByTimeAsync(40_000);
    await step;
    expect(lines).toEqual([
      "[   0 s] waiting (usually 1 min)",
      "[  15 s]   still: waiting, 15.0 s",
      "[  30 s]   still: waiting, 30.0 s",
      "[  40 s]   done: waiting, 40.0 s",
    ]);
  });

  it("keeps quiet in a step that speaks for itself", async () => {
    const one = progress();
    const step = one.step("talking", async () => {
      await after(10);
      one.say("half");
      await after(10);
    });
    await jest.advanceTimersByTimeAsync(20_000);
    await step;
    expect(lines).toEqual(["[   0 s] talking", "[  10 s] half", "[  20 s]   done: talking, 20.0 s"]);
  });

  it("says nothing of being done when the step fails, and nothing afterwards", async () => {
    const step = progress().step("failing", () => Promise.reject(new Error("no")));
    await expect(step).rejects.toThrow("no");
    await jest.advanceTimersByTimeAsync(60_000);
    expect(lines).toEqual(["[   0 s] failing"]);
  });
});
