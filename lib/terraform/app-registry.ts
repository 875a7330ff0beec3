import type { IConstruct } from "constructs";

/** What constructs of an app take for themselves, so that a later one finds what is taken. */
export class AppRegistry<Entry> {
  private readonly entries = new WeakMap<IConstruct, readonly Entry[]>();

  /**
   * Adds what a construct takes.
   *
   * @returns what the constructs before it in the same app have taken
   */
  public add(construct: IConstruct, ...own: readonly Entry[]): readonly Entry[] {
    const { root } = construct.node;
    const earlier = this.entries.get(root) ?? [];
    this.entries.set(root, [...earlier, ...own]);
    return earlier;
  }
}
