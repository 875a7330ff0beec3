import { join, resolve } from "node:path";
import ts from "typescript";

const ROOT = resolve(__dirname, "../..");

/** What a property takes, as far as CDKTF has placeholders for it. */
export type PropertyKind = "text" | "number" | "texts";

/** A property that takes a text, a number or a list of texts. */
export interface PublicProperty {
  readonly name: string;
  readonly kind: PropertyKind;
}

/** Properties of exported interfaces, inherited ones too, by the interface. */
export function publicProperties(names: readonly string[]): ReadonlyMap<string, readonly PublicProperty[]> {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const index = join(ROOT, "lib/index.ts");
  const program = ts.createProgram([index], { ...options, types: [], noEmit: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile);
  const exported = new Map(
    checker.getExportsOfModule(module as ts.Symbol).map((symbol) => [symbol.name, symbol]),
  );
  return new Map(
    names.map((name) => {
      const symbol = exported.get(name);
      if (symbol === undefined) {
        throw new Error(`${name} is not exported`);
      }
      const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const members = checker.getDeclaredTypeOfSymbol(original).getProperties();
      const properties = members.flatMap((member): readonly PublicProperty[] => {
        const kind = kindOf(checker.getNonNullableType(checker.getTypeOfSymbol(member)), checker);
        return kind === undefined ? [] : [{ name: member.name, kind }];
      });
      return [name, properties];
    }),
  );
}

function kindOf(type: ts.Type, checker: ts.TypeChecker): PropertyKind | undefined {
  const flags = (type.isUnion() ? type.types : [type]).reduce((all, { flags }) => all | flags, 0);
  if (flags & ts.TypeFlags.String) {
    return "text";
  }
  if (flags & ts.TypeFlags.Number) {
    return "number";
  }
  const [item] = checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference) : [];
  return item !== undefined && item.flags & ts.TypeFlags.String ? "texts" : undefined;
}
