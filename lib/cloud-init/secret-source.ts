import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { BootFile, BootSource } from "../bootstrap/boot-spec";
import { HOST_PATHS } from "../bootstrap/host-paths";

/**
 * How a machine gets a secret when it boots. Neither Terraform nor the user data ever holds the value; a program on
 * the machine prints it, and it lies in memory from then on.
 */
export class SecretSource {
  /**
   * A file that lies on the machine, belongs to root and is closed to all others: somebody has put it there, or
   * another system that manages the machines.
   *
   * @param path absolute path
   */
  public static file(path: string): SecretSource {
    return new SecretSource("file.sh", [path]);
  }

  /**
   * A program of your own, which prints the secret and ends with 0, and fails as long as there is none: it is asked
   * again. It comes to the machine with the user data, so it holds no secret itself.
   *
   * @param path file on the machine of the synth, relative to its working directory; begins with `#!`
   * @param programArguments without blanks; may be references, never a secret
   */
  public static program(path: string, programArguments: readonly string[] = []): SecretSource {
    return new SecretSource(basename(path), [...programArguments], path);
  }

  private constructor(
    /** Name of the program below `sources/` on the machine. */
    public readonly name: string,
    public readonly programArguments: readonly string[],
    /** Where the program lies at synth. @default - every machine has it */
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
