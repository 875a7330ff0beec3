import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";

interface Row {
  readonly [key: string]: unknown;
}

const FOLDER = path.join(__dirname, "../../../lib/catalog");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const rowsOf = (file: string) => JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as readonly Row[];

describe.each(files)("%s", (file) => {
  const rows = rowsOf(file);

  test("is a list of rows", () => {
    expect(Array.isArray(rows)).toBe(true);
    expect(rows.length).toBeGreaterThan(0);
  });

  test("every row has a source and the day it was checked", () => {
    for (const row of rows) {
      expect(row).toMatchObject({
        source: expect.stringMatching(/\S{8,}|\S+ \S+/),
        checked: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      });
      const checked = new Date(String(row.checked)).getTime();
      expect(checked).toBeGreaterThanOrEqual(new Date("2026-01-01").getTime());
    }
  });

  test("the first property of a row is its key, and keys are unique", () => {
    const [key] = Object.keys(rows[0]);
    const keys = rows.map((row) => row[key]);
    expect(keys).toEqual(keys.map(() => expect.any(String)));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test("the catalogue has its core files", () => {
  expect(files).toEqual(
    expect.arrayContaining([
      "accelerator-families.json",
      "accelerators.json",
      "environment.json",
      "ephemeral-ports.json",
      "fabrics.json",
      "ray-ports.json",
      "ray-versions.json",
      "reserved-ports.json",
    ]),
  );
});
