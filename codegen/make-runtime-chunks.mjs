/**
 * Writes codegen/runtime-chunks.ts: the runtime as pieces of text, one per top-level declaration, each with the name it
 * offers and the names it needs. bundle.ts joins the pieces a bundle reaches; nothing is parsed or transpiled then.
 *
 * A declaration that asks for features (runtime/features.ts) has a text for each value of them. Names of declarations
 * stand in the texts as `$number$`; a bundle gives them short ones. The texts are minified together, so that they
 * call what is local to them alike, which compresses better.
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
for (const file of inImportOrder(
  files.filter((each) => !["index.ts", "features.ts"].includes(each.getBaseName())),
))
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
  "readBeside",
  "fromBase64",
  "tensor",
  "toFloat32",
];
const kept = [...called, ...declared.filter(({ text }) => text.startsWith("class ")).map(({ name }) => name)];
const references = new Map(
  [...offered].map((name, index) => [name, kept.includes(name) ? name : `$${index}$`]),
);

const chunks = declared.map(({ name, text, rows }) => {
  const asks = [...new Set([...text.matchAll(/(?<!\.)\bfeatures\.(\w+)/g)].map(([, feature]) => feature))];
  const variants = Array.from({ length: 2 ** asks.length }, (_, bits) => variant(name, text, asks, bits));
  return { name, asks, variants, rows };
});
const texts = minify(chunks.flatMap(({ variants }) => variants.map(({ script }) => script)));
for (const variant of chunks.flatMap(({ variants }) => variants)) variant.text = texts.shift();

const lines = chunks.map(({ name, asks, variants, rows }) => {
  const each = variants.map(
    ({ needs, text }) => `      { needs: ${JSON.stringify(needs)}, text: ${JSON.stringify(text)} },\n`,
  );
  const table = rows === undefined ? "" : `    rows: ${JSON.stringify(rows)},\n`;
  return `  {\n    name: ${JSON.stringify(name)},\n    asks: ${JSON.stringify(asks)},\n    variants: [\n${each.join("")}    ],\n${table}  },`;
});
const output = `/** Generated from runtime/*.ts by codegen/make-runtime-chunks.mjs; not edited, not committed. */
import type { Features } from "../runtime/features.js";
import type { DType } from "../runtime/tensor.js";

/** A top-level declaration of the runtime as JavaScript; a chunk's needs come before or after it, classes before. */
export interface RuntimeChunk {
  readonly name: string;
  /** What its text depends on: bit i of a variant's number is set where a program has the i-th feature. */
  readonly asks: readonly (keyof Features)[];
  readonly variants: readonly { readonly needs: readonly string[]; readonly text: string }[];
  /** Of a table by dtype: its rows, as text; they belong between the brackets of its text. */
  readonly rows?: Readonly<Record<DType, string>>;
}

/** How a text names the chunk of a number. */
export const reference = /\\$(\\d+)\\$/g;

/** What is local to a declaration is never called so. */
export const freeNames: readonly string[] = ${JSON.stringify(freeNames())};

export const runtimeChunks: readonly RuntimeChunk[] = [
${lines.join("\n")}
];
`;
if (!existsSync(target) || readFileSync(target, "utf8") !== output) writeFileSync(target, output);

/** The text of a declaration for one value of what it asks, its names still long, and what it names then. */
function variant(name, text, asks, bits) {
  const define = Object.fromEntries(
    asks.map((feature, index) => [`features.${feature}`, String((bits & (1 << index)) !== 0)]),
  );
  const options = { loader: "ts", target: "es2022", minifySyntax: true, define };
  const script = transformSync(text, options).code;
  if (/\$\d|(?<!\.)\bfeatures\b/.test(script))
    throw new Error(`runtime: ${name} has a name like those of bundles`);
  const mentioned = mentions(`${name}-${bits}`, name, script);
  const needs = [...offered].filter((each) => each !== name && mentioned.some((id) => id.getText() === each));
  return { needs, script: withReferences(script, mentioned) };
}

function freeNames() {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return [...letters, ...letters.flatMap((letter) => [..."0123456789"].map((digit) => letter + digit))];
}

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
    const name = declaration.getName();
    const rows = tableRows(declaration);
    return [rows === undefined ? { name, text } : { name, text: `const ${name} = {};`, rows }];
  }
  throw new Error(`${where}: a top-level ${statement.getKindName()}; runtime files only declare`);
}

/** The rows of a table by dtype: a bundle keeps those of its dtypes. */
function tableRows(declaration) {
  if (!/^Readonly<Record<DType, /.test(declaration.getTypeNode()?.getText() ?? "")) return undefined;
  const rows = declaration.getInitializerOrThrow().getProperties();
  return Object.fromEntries(
    rows.map((row) => [row.getName(), `${row.getName()}:${row.getInitializerOrThrow().getText()}`]),
  );
}

/** Where a declaration's JavaScript names a chunk; names of properties do not count. */
function mentions(file, name, script) {
  const source = project.createSourceFile(`chunk-${file}.js`, script);
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

function withReferences(script, mentioned) {
  let out = script;
  for (const identifier of mentioned.toReversed())
    out =
      out.slice(0, identifier.getStart()) +
      references.get(identifier.getText()) +
      out.slice(identifier.getEnd());
  return out;
}

/**
 * The scripts, minified as one: esbuild renames what is local to a declaration and leaves names it does not declare, and
 * all properties, alone. Variants of a declaration get names of their own meanwhile.
 */
function minify(scripts) {
  const end = "$end$;";
  const unique = scripts.map((script, index) =>
    script.replace(
      /^((?:async )?(?:function|class|const) )([\w$]+)/,
      (_, keyword, name) => `${keyword}${name}$v${index}$`,
    ),
  );
  const joined = [`$free$(${freeNames()});`, ...unique].join(`\n${end}\n`);
  const { code } = transformSync(joined, { target: "es2022", minify: true, legalComments: "none" });
  return code
    .replace(/\$v\d+\$/g, "")
    .split(end)
    .slice(1)
    .map((text) => text.trim());
}
