// The same resources as another app has written, each made from plain data by the class of its provider, and the same files
// beside them but for the reviews, which have no counterpart here.
// usage: node raw-app.cjs <folder that the other app wrote> <usage.json of the other app>
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
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

/** What cdktf itself takes as objects of its own; here as the text that it writes. */
const META = ["depends_on", "lifecycle", "provider", "provisioner", "count", "for_each", "connection"];
/** Parts of a stack besides its resources. */
const PARTS = ["locals", "output", "variable"];

function override(resource, item, keys) {
  keys.filter((key) => key in item).forEach((key) => resource.addOverride(key, item[key]));
}

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
        const keys = Object.keys(item).filter((key) => key !== "//" && !META.includes(key));
        const Class = classes[kind][type];
        if (Class === undefined) {
          const resource = new TerraformResource(stack, `${kind}-${type}-${id}`, {
            terraformResourceType: type,
          });
          override(resource, item, [...keys, ...META]);
        } else {
          const config = Object.fromEntries(keys.map((key) => [key, item[key]]));
          override(new Class(stack, `${kind}-${type}-${id}`, configOf(config)), item, META);
        }
      }
    }
  }
  override(stack, json, PARTS);
}
app.synth();

for (const file of readdirSync(join(written, "stacks"), { recursive: true, withFileTypes: true })) {
  if (file.isFile() && !/^(cdk\.tf\.json|review\.\w+)$/.test(file.name)) {
    const path = join(file.parentPath, file.name);
    const copy = join(app.outdir, path.slice(written.length));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, readFileSync(path));
  }
}
