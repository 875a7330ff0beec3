/** Where the value of a secret comes from: a file of the machine, or the place's store of secrets. */
export type SecretKind = "host-file" | "managed";

/** Folder of a container with the node's secrets, each a file. */
export const SECRET_FOLDER = "/run/secrets/ray-cluster";

/**
 * Reference to a secret. Its value appears neither in the synth nor in Terraform's state, in arguments or in the
 * environment of a container: the head's container gets it as a file, and so do the nodes with a process of the engine
 * that needs it (`secrets` of a cluster, with an engine that starts one on each node, such as vLLM's executor `mp`).
 *
 * @example
 * SecretRef.hostFile("/etc/ray-cluster/hub-token");
 */
export class SecretRef {
  /**
   * A file on the head's machine, and on each other machine whose node needs the secret, preferably readable by root only.
   * It is mounted read-only into the container, below `/run/secrets/ray-cluster`. Line breaks around a token are ignored.
   * The secret of a model's source is not: it is handed to the head's node program while the model is fetched.
   *
   * @param path absolute path on these machines
   */
  public static hostFile(path: string): SecretRef {
    return new SecretRef("host-file", path);
  }

  /**
   * A secret in the secret store of the place, for machines that the deployment creates: AWS Secrets
   * Manager for the `AwsBackend`. The machines whose nodes need it read it at boot into memory. That of a model's source
   * the head's node program takes out of there when it starts.
   *
   * @param id as the store names it, e.g. its ARN; may be a Terraform variable
   */
  public static managed(id: string): SecretRef {
    return new SecretRef("managed", undefined, id);
  }

  private constructor(
    /** Where its value is. */
    public readonly kind: SecretKind,
    /** Absolute path on the machine. @default - it is no file */
    public readonly hostPath?: string,
    /** As the place's store of secrets names it. @default - it is a file */
    public readonly id?: string,
  ) {}
}
