import { hclOf } from "../../support/hcl";

const STACK = {
  "//": { metadata: {} },
  variable: { zone: { type: "string", default: "", description: "a zone" } },
  locals: { text: "one\n${var.zone} $${left}" },
  resource: {
    aws_thing: {
      "a-b": {
        "//": {},
        depends_on: ["aws_thing.c"],
        name: 'with "quotes"',
        count_of: 3,
        on: true,
        ids: ["a", "b"],
        tags: { Name: "x" },
        single: { inner: { deep: 1 } },
        many: [{ index: 0 }, { index: 1 }],
        none: [],
      },
    },
  },
};

test("blocks are blocks, maps are maps, and text is the same template", () => {
  expect(hclOf(STACK).replace(/\n+/g, "\n").split("\n")).toEqual([
    'variable "zone" {',
    'default = ""',
    "}",
    "locals {",
    '  text = "one\\n${var.zone} $${left}"',
    "}",
    'resource "aws_thing" "a-b" {',
    'name = "with \\"quotes\\""',
    "count_of = 3",
    "on = true",
    'ids = ["a", "b"]',
    'tags = { "Name" = "x" }',
    "single {",
    "inner {",
    "deep = 1",
    "}",
    "}",
    "many {",
    "index = 0",
    "}",
    "many {",
    "index = 1",
    "}",
    "none = []",
    "}",
  ]);
});
