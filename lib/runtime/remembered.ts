/**
 * A pure function of a text that is computed once for each text. For texts that many nodes share: the programs of a node, and
 * the bundle of a cluster.
 */
export function remembered<Result>(make: (text: string) => Result): (text: string) => Result {
  const made = new Map<string, Result>();
  return (text) => {
    let result = made.get(text);
    if (result === undefined) {
      result = make(text);
      made.set(text, result);
    }
    return result;
  };
}
