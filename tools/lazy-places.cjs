// Rewrites `export * from` a place in the compiled entry point so that the place is loaded when one of its names is
// asked for: who uses hosts alone needs no provider of AWS. usage: node lazy-places.cjs <dist>/lib/index.js
"use strict";

const { readFileSync, writeFileSync } = require("node:fs");
const { dirname, resolve } = require("node:path");

const STAR = /^__exportStar\(require\("(\.\/(?:aws|cloud-init|docker\/\w+)\/index)"\), exports\);$/gm;

// Names of a CommonJS module must stand in its text for `import { … } from` an ES module to find them.
const getter = (variable, name) =>
  `Object.defineProperty(exports, "${name}", { enumerable: true, get: function () { return ${variable}.${name}; } });`;

const LAZILY = "const lazily = (load) => new Proxy({}, { get: (_, name) => load()[name] });\n";

function lazy(text, folder) {
  let count = 0;
  const rewritten = text.replace(STAR, (_, path) => {
    const variable = `place_${(count += 1)}`;
    const names = Object.keys(require(resolve(folder, path)));
    return [
      `const ${variable} = lazily(() => require("${path}"));`,
      ...names.map((name) => getter(variable, name)),
    ].join("\n");
  });
  if (count === 0) {
    throw new Error("the entry point exports no place");
  }
  return rewritten.replace(/^const place_1/m, `${LAZILY}const place_1`);
}

const [, , file] = process.argv;
writeFileSync(file, lazy(readFileSync(file, "utf8"), resolve(dirname(file))));
