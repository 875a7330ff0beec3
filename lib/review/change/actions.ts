/** What a deployment does with a resource. */
export type Action = "create" | "update" | "replace" | "delete" | "forget";

export interface ResourceAction {
  /** `type.name`. */
  readonly address: string;
  readonly action: Action;
}

/** What is read of `terraform show -json` of a plan. */
export interface PlanJson {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly mode?: string;
    readonly change: {
      readonly actions: readonly string[];
      readonly before?: unknown;
      readonly after?: unknown;
    };
  }[];
}

/** What a plan of Terraform does. */
export function plannedActions({ resource_changes: changes = [] }: PlanJson): readonly ResourceAction[] {
  return changes.flatMap(({ address, mode = "managed", change: { actions } }) => {
    const [first, ...others] = actions;
    const action = others.length > 0 ? "replace" : first;
    return mode !== "managed" || action === "no-op" || action === "read"
      ? []
      : [{ address, action: action as Action }];
  });
}
