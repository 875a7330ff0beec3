import { remembered } from "../../../lib/runtime/remembered";

test("remembered computes once for each text, also where the result is empty", () => {
  const asked: string[] = [];
  const upper = remembered((text) => {
    asked.push(text);
    return text.toUpperCase();
  });
  expect(["a", "", "a", "", "b"].map(upper)).toEqual(["A", "", "A", "", "B"]);
  expect(asked).toEqual(["a", "", "b"]);
});
