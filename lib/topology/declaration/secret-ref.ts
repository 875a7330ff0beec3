/** Where the value of a secret comes from: a file of the head's machine, or the place's store of secrets. */
export type SecretKind = "host-file" | "managed";

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

  /**
   * A secret that exists in the store of the place, for machines that are made by the deployment: AWS Secrets
   * Manager for the `AwsBackend`. The head's machine reads it at boot into memory.
   *
   * @param id as the store names it, e.g. its ARN; may be a Terraform variable
   */
  public static managed(id: string): SecretRef {
    return new SecretRef("managed", undefined, id);
  }

  private constructor(
    public readonly kind: SecretKind,
    /** Absolute path on the machine of the head. @default - it is no file */
    public readonly hostPath?: string,
    /** As the place's store of secrets names it. @default - it is a file */
    public readonly id?: string,
  ) {}
}
