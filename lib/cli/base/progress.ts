import { print } from "./print";

/** After this long without a word a step says that it is still at work. */
const SILENCE_MILLISECONDS = 15_000;

/** Lines for a person who waits: what happens now, and how long it has been. */
export class Progress {
  private readonly startedAt = Date.now();
  private saidAt = Date.now();

  public constructor(private readonly write: (line: string) => void = printLine) {}

  public say(text: string): void {
    this.saidAt = Date.now();
    const [first = "", ...further] = text.split("\n");
    const elapsed = `[${Math.round(this.elapsedSeconds()).toString().padStart(4)} s]`;
    this.write(`${elapsed} ${first}`);
    for (const line of further) {
      this.write(`${" ".repeat(elapsed.length)} ${line}`);
    }
  }

  /**
   * Says the title, does the work and says how long it took; in between, a sign of life.
   *
   * @param usually how long it takes as a rule, e.g. `2 to 4 min`
   */
  public async step<T>(title: string, work: () => Promise<T>, usually?: string): Promise<T> {
    const startedAt = Date.now();
    this.say(usually === undefined ? title : `${title} (usually ${usually})`);
    const alive = setInterval(() => {
      if (Date.now() - this.saidAt >= SILENCE_MILLISECONDS) {
        this.say(`  still: ${title}, ${seconds(startedAt)} s`);
      }
    }, 1000);
    try {
      const result = await work();
      this.say(`  done: ${title}, ${seconds(startedAt)} s`);
      return result;
    } finally {
      clearInterval(alive);
    }
  }

  public elapsedSeconds(): number {
    return (Date.now() - this.startedAt) / 1000;
  }
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

function printLine(line: string): void {
  print(`${line}\n`);
}
