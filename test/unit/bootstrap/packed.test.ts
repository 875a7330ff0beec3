import { base85, packed } from "../../../lib/bootstrap/packed";
import { restored } from "../../support/restored";

/** From Python's `base64.b85encode`. */
const KNOWN: readonly (readonly [bytes: readonly number[], text: string])[] = [
  [[], ""],
  [[97], "VE"],
  [[97, 98], "VPX"],
  [[97, 98, 99], "VPaz"],
  [[97, 98, 99, 100], "VPa!s"],
  [Array.from({ length: 37 }, (_, index) => index * 7), "00#~g93v_*I6p>BR9j+caCd%%jFXz7sIRuY#LLpz;OFl3`~"],
];

describe("base 85", () => {
  it.each(KNOWN)("of %j is Python's", (bytes, text) => {
    expect(base85(Uint8Array.from(bytes))).toBe(text);
  });
});

describe("a packed text", () => {
  const text = Array.from({ length: 5000 }, (_, index) => `line ${index * 7919} of a text: é ✓\n`).join("");

  it("is restored by the program that unpacks bundles", () => {
    expect(restored(`${packed(text)}\n`)).toBe(text);
  });

  it("is shorter than base 64", () => {
    expect(packed(text).length).toBeLessThan(Buffer.from(text).length * 0.5);
    expect(packed(text)).toBe(packed(text));
  });
});
