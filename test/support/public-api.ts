import { join, resolve } from "node:path";
import ts from "typescript";

const ROOT = resolve(__dirname, "../..");

/** Named types of the language that other languages lack. */
const UNPORTABLE = ["Map", "Omit", "Partial", "Pick", "ReadonlyMap", "Required", "Set"];

/**
 * What keeps the public surface from being offered in other languages (jsii), as one line each. It
 * looks at everything that `lib/index.ts` exports: classes, interfaces, their public members.
 */
export function findUnportable(indexFile: string, files: { readonly [path: string]: string } = {}): string[] {
  const program = programOf(indexFile, files);
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(indexFile);
  const moduleSymbol = index && checker.getSymbolAtLocation(index);
  if (moduleSymbol === undefined) {
    throw new Error(`${indexFile} is no module`);
  }
  const exported = new Set(checker.getExportsOfModule(moduleSymbol).map((symbol) => target(symbol, checker)));
  return [...exported].flatMap((symbol) =>
    (symbol.declarations ?? []).flatMap((declaration) =>
      complaintsOf(declaration, (name) => isKnown(name, checker, exported)),
    ),
  );
}

function programOf(indexFile: string, files: { readonly [path: string]: string }): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const host = ts.createCompilerHost({ ...options, types: [] });
  const { readFile, fileExists } = host;
  host.readFile = (path) => files[path] ?? readFile(path);
  host.fileExists = (path) => path in files || fileExists(path);
  return ts.createProgram([indexFile], { ...options, types: [], noEmit: true }, host);
}

function target(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Whether a named type is exported, or comes from a package. */
function isKnown(node: ts.EntityName, checker: ts.TypeChecker, exported: ReadonlySet<ts.Symbol>): boolean {
  const symbol = checker.getSymbolAtLocation(node);
  if (symbol === undefined) {
    return false;
  }
  const type = target(symbol, checker);
  const files = (type.declarations ?? []).map((declaration) => declaration.getSourceFile().fileName);
  return exported.has(type) || files.every((file) => file.includes("/node_modules/"));
}

type NameCheck = (node: ts.EntityName) => boolean;

function complaintsOf(declaration: ts.Declaration, isKnownName: NameCheck): string[] {
  if (ts.isTypeAliasDeclaration(declaration)) {
    const { name, type } = declaration;
    return isStringUnion(type) ? [] : [`${name.text}: an alias of something else than a choice of strings`];
  }
  if (ts.isEnumDeclaration(declaration)) {
    return [];
  }
  if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) {
    return [
      `${ts.getNameOfDeclaration(declaration)?.getText() ?? "default"}: neither class, interface nor enum`,
    ];
  }
  const owner = declaration.name?.text ?? "default";
  return [
    ...(declaration.typeParameters ? [`${owner}: generic`] : []),
    ...[...declaration.members].filter(isPublic).flatMap((member) => {
      const where = `${owner}.${member.name?.getText() ?? "constructor"}`;
      return memberComplaints(member, isKnownName).map((complaint) => `${where}: ${complaint}`);
    }),
  ];
}

function isPublic(member: ts.ClassElement | ts.TypeElement): boolean {
  const isInternal = ts.getJSDocTags(member).some((tag) => tag.tagName.text === "internal");
  return !isInternal && !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private);
}

function memberComplaints(member: ts.ClassElement | ts.TypeElement, isKnownName: NameCheck): string[] {
  if (ts.isFunctionLike(member)) {
    const types = [member.type, ...member.parameters.map((parameter) => parameter.type)];
    return [
      ...(member.typeParameters ? ["generic"] : []),
      ...types.flatMap((type) => typeComplaints(type, isKnownName)),
    ];
  }
  const isTyped = ts.isPropertySignature(member) || ts.isPropertyDeclaration(member);
  return isTyped ? typeComplaints(member.type, isKnownName) : [];
}

function typeComplaints(type: ts.TypeNode | undefined, isKnownName: NameCheck): string[] {
  const inner = (node: ts.TypeNode): string[] => typeComplaints(node, isKnownName);
  if (type === undefined || ts.isLiteralTypeNode(type) || ts.isToken(type)) {
    return [];
  }
  if (ts.isArrayTypeNode(type)) {
    return inner(type.elementType);
  }
  if (ts.isTypeOperatorNode(type) && type.operator === ts.SyntaxKind.ReadonlyKeyword) {
    return inner(type.type);
  }
  if (ts.isParenthesizedTypeNode(type)) {
    return inner(type.type);
  }
  if (ts.isUnionTypeNode(type)) {
    return type.types.flatMap(inner);
  }
  if (ts.isTypeLiteralNode(type)) {
    const [only, ...others] = type.members;
    const isMap = others.length === 0 && ts.isIndexSignatureDeclaration(only);
    return isMap ? inner(only.type) : ["an inline object type"];
  }
  if (ts.isTypeReferenceNode(type)) {
    const name = type.typeName.getText();
    const problem = UNPORTABLE.includes(name) ? `${name} exists only here` : `${name} is not exported`;
    const isFine = !UNPORTABLE.includes(name) && isKnownName(type.typeName);
    return [...(isFine ? [] : [problem]), ...(type.typeArguments ?? []).flatMap(inner)];
  }
  return [`a ${ts.SyntaxKind[type.kind]}`];
}

function isStringUnion(type: ts.TypeNode): boolean {
  const members = ts.isUnionTypeNode(type) ? type.types : [type];
  return members.every((member) => ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal));
}
