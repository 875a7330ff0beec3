/** How a program is run on a node: in its container, or beside it on its machine. */
export type Reach = DockerReach | SshReach | SessionReach;

/** A Docker engine that this machine's own `docker` reaches. */
export interface DockerReach {
  readonly kind: "docker";
  readonly container: string;
  /** @default - that of the environment */
  readonly host?: string;
}

/** The Docker engine of a machine, over ssh. */
export interface SshReach {
  readonly kind: "ssh";
  readonly container: string;
  /** Up to the destination. */
  readonly sshArguments: readonly string[];
}

/** A machine of EC2, through Session Manager. */
export interface SessionReach {
  readonly kind: "session";
  readonly container: string;
  /** Unit of systemd that runs the container. */
  readonly service: string;
  readonly region: string;
  readonly instanceId: string;
}

/** One node of a cluster. */
export interface ClusterNode {
  readonly name: string;
  /** Label for messages. */
  readonly called: string;
  readonly isHead: boolean;
  readonly reach: Reach;
}

/** A program with its arguments, to be run without a shell. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Who is at the other end of a program: nobody, this program's standard input, or a terminal. With `nobody` at the other
 * end of a session, the output is between two marks (`marked-output.ts`).
 */
export type OtherEnd = "nobody" | "input" | "terminal";

/** A command of the node program. */
export function nodeProgram(...words: readonly string[]): readonly string[] {
  return ["python3", "-m", "ray_node", ...words];
}

/** The words, as one argument of a shell. */
export function shellQuoted(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
