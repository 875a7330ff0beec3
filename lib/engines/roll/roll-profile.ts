import { rollProfile } from "../../catalog/roll-profiles";

/**
 * Named settings of ROLL for one purpose. Their values are in `lib/catalog/roll-profiles.json`.
 *
 * @example
 * RollProfile.of("short", { max_steps: 10 });
 */
export class RollProfile {
  /** The guide's settings for the small memory of a V100: fp16, small batches, short trajectories. */
  public static readonly V100_MEMORY = new RollProfile("v100-memory", rollProfile("v100-memory").settings);

  /**
   * Settings of your own.
   *
   * @param name as shown to people
   * @param settings by dotted key of ROLL's configuration
   */
  public static of(name: string, settings: { readonly [key: string]: unknown }): RollProfile {
    return new RollProfile(name, { ...settings });
  }

  private constructor(
    /** Name in reviews and messages. */
    public readonly name: string,
    /** By dotted key of ROLL's configuration. */
    public readonly settings: { readonly [key: string]: unknown },
  ) {}
}
