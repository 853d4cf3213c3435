/**
 * From a MODEL argument to a module: a JSON spec, or a user's .ts or .js file whose default export it is.
 *
 * TypeScript is transpiled with ts-morph. The file and what it imports by a relative path are written to a temporary
 * folder in which "convsmith" means the very copy this command runs from; a folder inside node_modules where there is
 * one, so that other packages resolve as from the model itself.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SourceFile } from "ts-morph";
import type { InputSpec } from "../compiler/input-spec.js";
import { inputSpecsOf, modelFromSpec } from "../compiler/model-spec.js";
import { isModule } from "../compiler/scope.js";
import type { TraceTarget } from "../compiler/trace.js";
import { ConvsmithError } from "../runtime/error.js";
import { fileError } from "./terminal.js";

export interface LoadedModel {
  readonly target: TraceTarget;
  /** The inputs a Graph spec declares. */
  readonly inputs: Readonly<Record<string, InputSpec>> | undefined;
}

/** What importing a .js or .ts file gave. */
export type ModuleExports = Readonly<Record<string, unknown>>;

const sources = [".ts", ".mts", ".js", ".mjs"];

/** Reads a file the user named; throws ConfigError where that fails. */
export function readUserFile(path: string): Uint8Array {
  try {
    if (statSync(path).isDirectory()) throw fileError("file-unreadable", path, "is a folder, not a file");
    return readFileSync(path);
  } catch (error) {
    if (error instanceof ConvsmithError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw fileError(
      "file-unreadable",
      path,
      code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`,
    );
  }
}

export async function loadModel(path: string): Promise<LoadedModel> {
  if (extname(path) === ".json") return loadSpec(path);
  return { target: defaultExport(path, await importUserModule(path)), inputs: undefined };
}

function loadSpec(path: string): LoadedModel {
  const text = new TextDecoder().decode(readUserFile(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fileError("model-json", path, `is not JSON: ${(error as Error).message}`);
  }
  const target = modelFromSpec(json);
  return { target, inputs: inputSpecsOf(json) };
}

/** The exports of a model file or a bundle. */
export async function importUserModule(path: string): Promise<ModuleExports> {
  readUserFile(path);
  const kind = extname(path);
  if (!sources.includes(kind))
    throw fileError(
      "model-kind",
      path,
      `a model is a .ts or .js module or a .json spec, not ${kind === "" ? "a file without an ending" : kind}`,
    );
  const file = resolve(path);
  if (kind === ".js" || kind === ".mjs") {
    const exports = await importUnlessUnresolved(path, file);
    if (exports !== undefined) return exports;
  }
  return importTranspiled(path, file);
}

/** A .js file as it is; undefined where "convsmith" does not resolve from its place. */
async function importUnlessUnresolved(path: string, file: string): Promise<ModuleExports | undefined> {
  try {
    return (await import(pathToFileURL(file).href)) as ModuleExports;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const unresolved = code === "ERR_MODULE_NOT_FOUND" && /'convsmith'/.test(message);
    if (unresolved || (error instanceof SyntaxError && file.endsWith(".js"))) return undefined;
    throw userError(path, error);
  }
}

async function importTranspiled(path: string, file: string): Promise<ModuleExports> {
  const folder = temporaryFolder(dirname(file));
  try {
    const entry = await transpileInto(folder, file);
    process.setSourceMapsEnabled(true);
    return (await import(pathToFileURL(entry).href)) as ModuleExports;
  } catch (error) {
    throw userError(path, error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a model throws while it loads is the user's mistake. */
function userError(path: string, error: unknown): Error {
  if (error instanceof ConvsmithError) return error;
  const { name, message } = error as Error;
  return fileError("model-failed", path, `fails while loading: ${name}: ${message.split("\n", 1)[0]}`);
}

function temporaryFolder(near: string): string {
  for (let folder = near; ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) {
      try {
        mkdirSync(join(modules, ".convsmith"), { recursive: true });
        return mkdtempSync(join(modules, ".convsmith", "model-"));
      } catch {
        break; // Not ours to write to.
      }
    }
    if (folder === dirname(folder)) break;
  }
  return mkdtempSync(join(tmpdir(), "convsmith-"));
}

/** Writes the file and its relative imports as JavaScript; returns where the file itself went. */
async function transpileInto(folder: string, entry: string): Promise<string> {
  const { Project, ts } = await import("ts-morph");
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  const places = new Map<string, string>();
  const waiting: string[] = [];
  const placeOf = (file: string): string => {
    const known = places.get(file);
    if (known !== undefined) return known;
    const place = join(folder, `${places.size}.mjs`);
    places.set(file, place);
    waiting.push(file);
    return place;
  };
  const first = placeOf(entry);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const source = project.addSourceFileAtPath(file);
    const result = ts.transpileModule(source.getFullText(), {
      fileName: file,
      reportDiagnostics: true,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        inlineSourceMap: true,
        inlineSources: true,
        // Stacks then name the file the user wrote.
        sourceRoot: `${pathToFileURL(dirname(file)).href}/`,
      },
    });
    const wrong = result.diagnostics?.[0];
    if (wrong !== undefined) {
      const { line, column } = source.getLineAndColumnAtPos(wrong.start ?? 0);
      const message = ts.flattenDiagnosticMessageText(wrong.messageText, " ");
      throw fileError("model-syntax", `${shortPath(file)}:${line}:${column}`, message);
    }
    const script = project.createSourceFile(`${places.get(file)}.ts`, result.outputText);
    await rewrite(script, file, placeOf);
    writeFileSync(places.get(file)!, script.getFullText());
  }
  return first;
}

/** As the user would write it, seen from where they are. */
export function shortPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith("..") ? file : short;
}

const ourOwn: Readonly<Record<string, string>> = {
  convsmith: new URL("../compiler/index.js", import.meta.url).href,
  "convsmith/runtime": new URL("../runtime/index.js", import.meta.url).href,
};

/** Points imports to where their files are now, and `import.meta` to where the module was written. */
async function rewrite(script: SourceFile, file: string, placeOf: (file: string) => string): Promise<void> {
  const { Node, SyntaxKind } = await import("ts-morph");
  const specifiers = [...script.getImportDeclarations(), ...script.getExportDeclarations()]
    .map((statement) => statement.getModuleSpecifier())
    .filter((specifier) => specifier !== undefined);
  const dynamic = script
    .getDescendantsOfKind(SyntaxKind.CallExpression)
    .filter((call) => call.getExpression().getKind() === SyntaxKind.ImportKeyword)
    .map((call) => call.getArguments()[0])
    .filter(Node.isStringLiteral);
  for (const specifier of [...specifiers, ...dynamic]) {
    const to = destination(specifier.getLiteralValue(), file, placeOf);
    if (to !== undefined) specifier.setLiteralValue(to);
  }
  const here = { url: pathToFileURL(file).href, filename: file, dirname: dirname(file) };
  for (const meta of script.getDescendantsOfKind(SyntaxKind.MetaProperty).reverse())
    if (meta.getKeywordToken() === SyntaxKind.ImportKeyword)
      meta.replaceWithText(`(${JSON.stringify(here)})`);
}

function destination(specifier: string, file: string, placeOf: (file: string) => string): string | undefined {
  if (Object.hasOwn(ourOwn, specifier)) return ourOwn[specifier];
  if (!/^\.{0,2}\/|^file:/.test(specifier)) return undefined;
  const wanted = specifier.startsWith("file:") ? fileURLToPath(specifier) : resolve(dirname(file), specifier);
  const found = [
    wanted,
    wanted.replace(/\.([cm]?)js$/, ".$1ts"),
    `${wanted}.ts`,
    join(wanted, "index.ts"),
  ].find((path) => existsSync(path) && statSync(path).isFile());
  if (found === undefined)
    throw fileError("model-import", shortPath(file), `imports "${specifier}", which does not exist`);
  return pathToFileURL(sources.includes(extname(found)) ? placeOf(found) : found).href;
}

/** The module a file exports, or a function of traced values. */
function defaultExport(path: string, exports: ModuleExports): TraceTarget {
  const found = exports.default;
  if (isModule(found)) return found as TraceTarget;
  if (typeof found === "function" && !isModuleClass(found)) return found as TraceTarget;
  throw fileError("model-export", path, whatToExport(found, exports));
}

function whatToExport(found: unknown, exports: ModuleExports): string {
  if (isModuleClass(found))
    return `its default export is the class ${found.name}; export an instance: export default new ${found.name}()`;
  if (found !== undefined)
    return `its default export is ${found === null ? "null" : `a ${typeof found}`}, not a Module`;
  const names = Object.entries(exports).filter(([, value]) => isModule(value) || isModuleClass(value));
  const [first] = names;
  if (first === undefined) return "it has no default export; end it with: export default new Net()";
  return `it has no default export; end it with: export default ${isModuleClass(first[1]) ? `new ${first[0]}()` : first[0]}`;
}

function isModuleClass(value: unknown): value is { readonly name: string } {
  if (typeof value !== "function") return false;
  const prototype: unknown = value.prototype;
  return typeof prototype === "object" && prototype !== null && "call" in prototype && "init" in prototype;
}
