/** An error for the user: what is wrong and what to do about it, printed without a stack trace. */
export class CommandError extends Error {
  public constructor(
    message: string,
    /** The change to make; `undefined` where the message says it all. */
    public readonly fix?: string,
  ) {
    super(message);
    this.name = "CommandError";
  }

  public override toString(): string {
    return this.fix === undefined ? this.message : `${this.message}\n  ${this.fix}`;
  }
}
