import type { Topic } from "../../problems/rule";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";
import type { InventoryFindings } from "./inventory";

/** What the reader of the inventory found. */
function found(kind: keyof InventoryFindings, text: Pick<HostsRule, "id" | "title" | "why">): HostsRule {
  return { ...text, level: "error", check: ({ inventory }) => inventory?.findings[kind] ?? [] };
}

export const INVENTORY_TOPIC: Topic<HostsDeclaration, HostsFacts> = {
  title: "Inventories",
  rules: [
    found("file", {
      id: "RC300",
      title: "The inventory is a file that can be read",
      why: "Without it nothing is known of the machines.",
    }),
    found("syntax", {
      id: "RC316",
      title: "The inventory is YAML",
      why: "A file that is not YAML cannot be read any further.",
    }),
    found("kind", {
      id: "RC317",
      title: "Every value of an inventory is of the kind that its property has",
      why: "YAML reads `1` as a number and `yes` as a Boolean; a name needs quotes then.",
    }),
    found("name", {
      id: "RC318",
      title: "Every name in an inventory is that of a property",
      why: "A mistyped name would be ignored, and its default used.",
    }),
    found("missing", {
      id: "RC319",
      title:
        "Every machine of an inventory has a name, an address for ssh and an address on the cluster network",
      why: "None of the three has a default.",
    }),
  ],
};
