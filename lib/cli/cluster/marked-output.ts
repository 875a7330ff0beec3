/** What a program printed between two marks, line by line as it comes. */
export class MarkedOutput {
  /** The program's own exit code; `undefined` as long as the second mark has not come. */
  public exitCode: number | undefined;
  /** Lines between the marks: all, or the last ones. */
  public readonly lines: string[] = [];
  private isInside = false;
  /** An empty line that may only be the one before the second mark. */
  private isHeldBack = false;

  public constructor(
    private readonly mark: string,
    private readonly onLine?: (line: string) => void,
    /** How many of the last lines are kept. */
    private readonly keptLines = Infinity,
  ) {}

  public take(printed: string): void {
    // A session's lines end as on a terminal.
    const line = printed.replace(/\r$/, "");
    if (!this.isInside) {
      this.isInside = line === this.mark && this.exitCode === undefined;
    } else if (line.startsWith(`${this.mark} `)) {
      this.exitCode = Number(line.slice(this.mark.length + 1));
      this.isInside = false;
    } else {
      if (this.isHeldBack) {
        this.give("");
      }
      this.isHeldBack = line === "";
      if (!this.isHeldBack) {
        this.give(line);
      }
    }
  }

  private give(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.keptLines) {
      this.lines.shift();
    }
    this.onLine?.(line);
  }
}
