/** A rectangle around what is drawn. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Text extends Box {
  readonly text: string;
}

/** Width of a letter of the fonts of a picture, as a share of their size: the widest of them, DejaVu Sans Mono. */
const LETTER = 0.603;
const ROUNDING = 0.5;

/** Boxes of a picture by Graphviz: filled polygons and rounded paths, without its paper and the heads of arrows. */
export function boxesOf(svg: string): readonly Box[] {
  const withoutEdges = svg.replace(/<g id="edge[\s\S]*?<\/g>/g, "");
  const shapes = [...withoutEdges.matchAll(/<(?:polygon|path)[^>]*fill="#[^>]*(?:points|d)="([^"]+)"/g)];
  return shapes.slice(1).map(([, points]) => around(points));
}

/** Pairs of boxes of which neither is inside the other. */
export function overlaps(svg: string): readonly (readonly [Box, Box])[] {
  const boxes = boxesOf(svg);
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter((other) => meets(one, other) && !holds(one, other) && !holds(other, one))
      .map((other) => [one, other] as const),
  );
}

/** Texts that are cut by the edge of the box in which they begin, or leave the picture. */
export function textsOutside(svg: string): readonly string[] {
  const boxes = boxesOf(svg);
  const [paper] = [...svg.matchAll(/<polygon[^>]*points="([^"]+)"/g)].map(([, points]) => around(points));
  return textsOf(svg)
    .filter((text) => {
      const own = boxes.filter((box) => holds(box, middle(text)));
      return !holds(paper, text) || own.some((box) => !holds(box, text));
    })
    .map(({ text }) => text);
}

export function textsOf(svg: string): readonly Text[] {
  const pattern =
    /<text [^>]*text-anchor="(\w+)" x="([-\d.]+)" y="([-\d.]+)"[^>]*font-size="([\d.]+)"[^>]*>([^<]*)<\/text>/g;
  return [...svg.matchAll(pattern)].map(([, anchor, x, y, size, escaped]) => {
    const text = unescaped(escaped).trimEnd();
    const width = text.length * Number(size) * LETTER;
    const left = Number(x) - (anchor === "middle" ? width / 2 : anchor === "end" ? width : 0);
    return {
      text,
      left,
      right: left + width,
      top: Number(y) - Number(size) * 0.8,
      bottom: Number(y) + Number(size) * 0.2,
    };
  });
}

/** Graphviz writes a dash as `&#45;`. */
function unescaped(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(?:amp|lt|gt|quot);/g, "x");
}

function around(points: string): Box {
  const numbers = [...points.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const [xs, ys] = [numbers.map(([x]) => x), numbers.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function meets(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function holds(outer: Box, inner: Box): boolean {
  return (
    outer.left <= inner.left + ROUNDING &&
    outer.right >= inner.right - ROUNDING &&
    outer.top <= inner.top + ROUNDING &&
    outer.bottom >= inner.bottom - ROUNDING
  );
}

function middle({ left, right, top, bottom }: Box): Box {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return { left: x, right: x, top: y, bottom: y };
}
