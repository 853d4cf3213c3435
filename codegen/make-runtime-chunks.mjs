/**
 * Writes codegen/runtime-chunks.ts: the runtime as pieces of text, one per top-level declaration, each with the name it
 * offers and the names it needs (source names; inside the text they are shorter). bundle.ts joins the pieces a bundle reaches; nothing is parsed or transpiled then.
 *
 * This is why runtime files have unique top-level names, no default exports and no top-level side effects: all of it is
 * checked here. Run by `npm run build`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { Node, Project, SyntaxKind } from "ts-morph";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "codegen", "runtime-chunks.ts");

const project = new Project({ compilerOptions: { allowJs: true }, skipAddingFilesFromTsConfig: true });
const files = project.addSourceFilesAtPaths(join(root, "runtime", "*.ts"));

const declared = [];
for (const file of inImportOrder(files.filter((each) => each.getBaseName() !== "index.ts")))
  for (const statement of file.getStatements()) declared.push(...declarations(statement));

const offered = new Set();
for (const { name } of declared) {
  if (offered.has(name)) throw new Error(`runtime: two top-level declarations are called ${name}`);
  offered.add(name);
}

/** What bundle.ts and people call by name. Classes keep theirs too: errors show it. */
const called = [
  "createFromJs",
  "createFromWasm",
  "createFromWasmThreads",
  "createFromWgsl",
  "answerAsWorker",
  "adapterKind",
  "imageReader",
  "readBeside",
  "fromBase64",
  "tensor",
  "toFloat32",
];
const kept = [...called, ...declared.filter(({ text }) => text.startsWith("class ")).map(({ name }) => name)];
const shortNames = new Map(
  [...offered].map((name, index) => [name, kept.includes(name) ? name : `_${index.toString(36)}`]),
);

const chunks = declared.map(({ name, text }) => {
  const script = transformSync(text, { loader: "ts", target: "es2022" }).code;
  const mentioned = mentions(name, script);
  const needs = [...offered].filter((each) => each !== name && mentioned.some((id) => id.getText() === each));
  return { name, needs, text: minify(shorten(script, mentioned)) };
});
const lines = chunks.map(
  ({ name, needs, text }) =>
    `  { name: ${JSON.stringify(name)}, needs: ${JSON.stringify(needs)}, text: ${JSON.stringify(text)} },`,
);
const output = `/** Generated from runtime/*.ts by codegen/make-runtime-chunks.mjs; not edited, not committed. */

/** A top-level declaration of the runtime as JavaScript; a chunk's needs come before or after it, classes before. */
export interface RuntimeChunk {
  readonly name: string;
  readonly needs: readonly string[];
  readonly text: string;
}

export const runtimeChunks: readonly RuntimeChunk[] = [
${lines.join("\n")}
];
`;
if (!existsSync(target) || readFileSync(target, "utf8") !== output) writeFileSync(target, output);

/** Files after the files whose values they import, so that a class comes after the class it extends. */
function inImportOrder(files) {
  const ordered = new Set();
  const visit = (file) => {
    for (const declaration of file.getImportDeclarations()) {
      const path = declaration.getModuleSpecifierValue();
      if (!/^\.\/[\w-]+\.js$/.test(path))
        throw new Error(`${file.getBaseName()}: imports ${path}, outside runtime/`);
      for (const { name, alias } of declaration.getNamedImports().map((each) => each.getStructure()))
        if (alias !== undefined) throw new Error(`${file.getBaseName()}: imports ${name} under another name`);
      if (declaration.getDefaultImport() ?? declaration.getNamespaceImport())
        throw new Error(`${file.getBaseName()}: imports ${path} other than by names`);
      const imported = files.find((each) => each.getBaseName() === basename(path).replace(/\.js$/, ".ts"));
      if (!declaration.isTypeOnly() && imported !== undefined && !ordered.has(imported)) visit(imported);
    }
    ordered.add(file);
  };
  for (const file of files) visit(file);
  return ordered;
}

/** The values a statement declares, without `export`; types vanish. */
function declarations(statement) {
  if (
    Node.isImportDeclaration(statement) ||
    Node.isInterfaceDeclaration(statement) ||
    Node.isTypeAliasDeclaration(statement)
  )
    return [];
  const where = `${statement.getSourceFile().getBaseName()}:${statement.getStartLineNumber()}`;
  const text = statement.getText().replace(/^export /, "");
  if (/^default /.test(text)) throw new Error(`${where}: a default export`);
  if (Node.isFunctionDeclaration(statement) || Node.isClassDeclaration(statement))
    return statement.isOverload?.() ? [] : [{ name: statement.getNameOrThrow(), text }];
  if (Node.isVariableStatement(statement)) {
    const [declaration, ...more] = statement.getDeclarations();
    const kinds = [SyntaxKind.CallExpression, SyntaxKind.NewExpression, SyntaxKind.TaggedTemplateExpression];
    const effects = kinds.flatMap((kind) => declaration.getInitializerOrThrow().getDescendantsOfKind(kind));
    if (more.length > 0 || effects.length > 0)
      throw new Error(`${where}: must be one constant without calls`);
    return [{ name: declaration.getName(), text }];
  }
  throw new Error(`${where}: a top-level ${statement.getKindName()}; runtime files only declare`);
}

/** Where a declaration's JavaScript names a chunk; names of properties do not count. */
function mentions(name, script) {
  const source = project.createSourceFile(`chunk-${name}.js`, script);
  return source.getDescendantsOfKind(SyntaxKind.Identifier).filter((identifier) => {
    if (!offered.has(identifier.getText())) return false;
    const parent = identifier.getParent();
    if (
      Node.isShorthandPropertyAssignment(parent) ||
      Node.isBindingElement(parent) ||
      (Node.isParameterDeclaration(parent) && parent.getNameNode() === identifier) ||
      (Node.isVariableDeclaration(parent) &&
        parent.getNameNode() === identifier &&
        identifier.getText() !== name)
    )
      throw new Error(
        `runtime: ${name} has a local or property called ${identifier.getText()}, as a declaration is`,
      );
    if (Node.isPropertyAccessExpression(parent)) return parent.getNameNode() !== identifier;
    const names = Node.isPropertyAssignment(parent) || Node.isMethodDeclaration(parent);
    return !names || parent.getNameNode() !== identifier;
  });
}

function shorten(script, mentioned) {
  let out = script;
  for (const identifier of mentioned.toReversed())
    out =
      out.slice(0, identifier.getStart()) +
      shortNames.get(identifier.getText()) +
      out.slice(identifier.getEnd());
  return out;
}

/** esbuild renames what is local to a declaration and leaves names it does not declare, and all properties, alone. */
function minify(script) {
  const { code } = transformSync(script, { target: "es2022", minify: true, legalComments: "none" });
  return code.trim();
}
