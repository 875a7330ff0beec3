import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { BootFile, BootSource } from "../bootstrap/boot-spec";
import { HOST_PATHS } from "../bootstrap/host-paths";

/**
 * How a machine gets a secret when it boots: a program on the machine prints it, and it is kept in memory. Neither
 * Terraform nor the user data ever contains the value.
 *
 * @example
 * SecretSource.program("./sources/vault.sh", ["ray-token"]);
 */
export class SecretSource {
  /**
   * A file on the machine that only root can read, e.g. part of the machine image or written by a configuration
   * management system.
   *
   * @param path absolute path
   */
  public static file(path: string): SecretSource {
    return new SecretSource("file.sh", [path]);
  }

  /**
   * A program of your own that prints the secret. It is run again until it succeeds. It is part of the user data, so it
   * must contain no secret itself.
   *
   * @param path file on the machine that runs the synth, relative to its working directory; begins with `#!`
   * @param programArguments without spaces; may be references, never secrets
   */
  public static program(path: string, programArguments: readonly string[] = []): SecretSource {
    return new SecretSource(basename(path), [...programArguments], path);
  }

  private constructor(
    /** Name of the program below `sources/` on the machine. */
    public readonly name: string,
    /** Arguments of that program, none of them secret. */
    public readonly programArguments: readonly string[],
    /** Path of the program at synth. @default - every machine has it */
    public readonly programPath?: string,
  ) {}

  /** @internal */
  public _asked(further: readonly string[] = []): BootSource {
    return { name: this.name, arguments: [...this.programArguments, ...further] };
  }

  /** @internal */
  public _files(): readonly BootFile[] {
    const { name, programPath } = this;
    return programPath === undefined
      ? []
      : [
          {
            path: `${HOST_PATHS.programs}/sources/${name}`,
            content: readFileSync(programPath, "utf8"),
            mode: "0755",
          },
        ];
  }
}
