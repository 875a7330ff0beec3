import { type CommandLine, type SessionReach, shellQuoted } from "./reach";

/**
 * The program between two lines with the mark; the second one ends with the program's exit code, which Session Manager does
 * not pass on (aws/session-manager-plugin#59). What it prints itself is outside of them.
 *
 * @param mark letters, digits and dashes
 */
export function markedSession(reach: SessionReach, words: readonly string[], mark: string): CommandLine {
  const script = `printf '\\n%s\\n' ${mark}; ${shellQuoted(words)} 2>&1; printf '\\n%s %s\\n' ${mark} "$?"`;
  return startSession(reach, "AWS-StartNonInteractiveCommand", {
    command: [shellQuoted(["sh", "-c", script])],
  });
}

/** The program on the user's terminal. */
export function interactiveSession(reach: SessionReach, words: readonly string[]): CommandLine {
  return startSession(reach, "AWS-StartInteractiveCommand", { command: [shellQuoted(words)] });
}

/** A port of the machine at a port of this one. */
export function forwardingSession(reach: SessionReach, port: number, localPort: number): CommandLine {
  return startSession(reach, "AWS-StartPortForwardingSession", {
    portNumber: [String(port)],
    localPortNumber: [String(localPort)],
  });
}

function startSession(
  { region, instanceId }: SessionReach,
  document: string,
  parameters: { readonly [name: string]: readonly string[] },
): CommandLine {
  return {
    program: "aws",
    args: [
      ...["ssm", "start-session", "--region", region, "--target", instanceId],
      ...["--document-name", document, "--parameters", JSON.stringify(parameters)],
    ],
  };
}
