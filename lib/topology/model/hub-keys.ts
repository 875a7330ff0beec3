/** A JSON object of a model's configuration. */
export interface HubObject {
  readonly [key: string]: unknown;
}

/** A configuration lacks what its model could be counted by: the model is not judged. */
export class UnreadableModel extends Error {}

/** Keys of a configuration, by all the names that they have. */
export class HubKeys {
  public constructor(public readonly config: HubObject) {}

  /**
   * A whole number under the first of the names that is present.
   *
   * @throws Error for another value: the file is broken
   */
  public whole(...names: readonly string[]): number | undefined {
    const name = names.find((each) => this.has(each));
    if (name === undefined) {
      return undefined;
    }
    const found = this.config[name];
    // Ernie and Hunyuan give one number for each layer, or for text and images; the largest counts.
    const value = Array.isArray(found) ? Math.max(...found.map(Number)) : found;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw new Error(`'${name}' must be a whole number, got ${JSON.stringify(found)}`);
    }
    return value;
  }

  /** @throws UnreadableModel where none of the names is present */
  public needed(...names: readonly string[]): number {
    const value = this.whole(...names);
    if (value === undefined) {
      throw new UnreadableModel(`'${names[0]}' is missing`);
    }
    return value;
  }

  public list(...names: readonly string[]): readonly unknown[] | undefined {
    return names.map((name) => this.config[name]).find((value) => Array.isArray(value)) as
      readonly unknown[] | undefined;
  }

  public text(name: string): string | undefined {
    const value = this.config[name];
    return typeof value === "string" ? value : undefined;
  }

  public object(...names: readonly string[]): HubKeys | undefined {
    const value = names
      .map((name) => this.config[name])
      .find((each) => typeof each === "object" && each !== null && !Array.isArray(each));
    return value === undefined ? undefined : new HubKeys(value as HubObject);
  }

  public is(name: string): boolean {
    return this.config[name] === true;
  }

  /** Present and not `null`. */
  public has(name: string): boolean {
    return this.config[name] !== undefined && this.config[name] !== null;
  }
}
