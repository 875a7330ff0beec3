// The same resources as another app has written, each made from plain data by the class of its provider.
// usage: node raw-app.cjs <folder that the other app wrote> <usage.json of the other app>
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { App, TerraformStack, TerraformResource } = require("cdktf");

const [, , written, usage] = process.argv;

/** By the type in Terraform; resources and data sources have names of their own. */
const classes = { resource: {}, data: {} };
for (const file of JSON.parse(readFileSync(usage, "utf8")).loaded) {
  for (const made of Object.values(require(file))) {
    if (typeof made === "function" && made.tfResourceType !== undefined) {
      const isData = made.name.startsWith("Data");
      classes[isData ? "data" : "resource"][made.tfResourceType] = made;
    }
  }
}

const camelCase = (key) => key.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
function configOf(value) {
  if (Array.isArray(value)) {
    return value.map(configOf);
  }
  if (value === null || typeof value !== "object") {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [camelCase(key), configOf(item)]));
}

/** What cdktf itself takes as objects of its own. */
const META = ["//", "depends_on", "lifecycle", "provider", "provisioner", "count", "for_each", "connection"];

const app = new App();
for (const name of readdirSync(join(written, "stacks"))) {
  const json = JSON.parse(readFileSync(join(written, "stacks", name, "cdk.tf.json"), "utf8"));
  const stack = new TerraformStack(app, name);
  for (const [type, providers] of Object.entries(json.provider ?? {})) {
    const Class = classes.resource[type];
    providers.forEach((config, index) => Class && new Class(stack, `${type}-${index}`, configOf(config)));
  }
  for (const kind of ["resource", "data"]) {
    for (const [type, items] of Object.entries(json[kind] ?? {})) {
      for (const [id, item] of Object.entries(items)) {
        const config = Object.fromEntries(Object.entries(item).filter(([key]) => !META.includes(key)));
        const Class = classes[kind][type];
        if (Class === undefined) {
          const resource = new TerraformResource(stack, `${kind}-${type}-${id}`, {
            terraformResourceType: type,
          });
          Object.entries(config).forEach(([key, value]) => resource.addOverride(key, value));
        } else {
          new Class(stack, `${kind}-${type}-${id}`, configOf(config));
        }
      }
    }
  }
}
app.synth();
