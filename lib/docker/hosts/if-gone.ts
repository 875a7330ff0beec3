/**
 * What a person writes where a machine does not answer and never will again.
 *
 * @param where the file or construct with its entry, e.g. `machines.yaml`
 */
export function ifGone(machine: string, where: string): string {
  return (
    `If it is gone for good, write \`status: lost\` in the entry of '${machine}' in ${where}, lower \`nodes\` of its pool or ` +
    "add another machine, and deploy again."
  );
}
