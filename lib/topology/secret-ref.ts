/** Where the value of a secret comes from. */
export type SecretKind = "host-file";

/**
 * A secret by its place. The value itself passes neither through synth nor through Terraform's state, arguments
 * or environments: the container of the head alone gets a file to read.
 */
export class SecretRef {
  /**
   * A file on the machine of the head, best readable by root only. It is mounted read-only into the head's
   * container, below `/run/secrets/ray-cluster`. Line breaks around a token are not part of it.
   *
   * @param path absolute path on that machine
   */
  public static hostFile(path: string): SecretRef {
    return new SecretRef("host-file", path);
  }

  private constructor(
    public readonly kind: SecretKind,
    /** Absolute path on the machine of the head. */
    public readonly hostPath: string,
  ) {}
}
