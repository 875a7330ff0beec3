import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endToEndTable } from "../../support/e2e-page";
import { expectGolden } from "../../support/golden";

const FOLDER = join(__dirname, "../../e2e");
const PAGE = join(FOLDER, "README.md");
const TABLE = /(<!-- table -->\n\n)[\s\S]*?(\n\n<!-- end of table -->)/;

test("test/e2e/README.md lists every end-to-end test with what it proves", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page).toMatch(TABLE);
  expectGolden(
    PAGE,
    page.replace(TABLE, (_, before, after) => `${before}${endToEndTable(FOLDER)}${after}`),
  );
});
