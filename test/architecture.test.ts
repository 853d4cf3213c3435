/** The rules of the house that no type checker sees: who imports whom, which words stand where, how large things are. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Node, Project, type SourceFile, SyntaxKind } from "ts-morph";
import { describe, expect, it } from "vitest";
import { runtimeText } from "../codegen/bundle-runtime.js";
import { features } from "../runtime/features.js";
import { arrayNames, type DType } from "../runtime/tensor.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["ir", "runtime", "codegen", "compiler", "cli"];
const generated = "codegen/runtime-chunks.ts";

interface Import {
  readonly from: string;
  /** A file of ours, or the name of a package or built-in. */
  readonly to: string;
  readonly kind: "static" | "type" | "dynamic";
}

const project = new Project({ skipAddingFilesFromTsConfig: true });
for (const folder of folders) project.addSourceFilesAtPaths(join(root, folder, "**/*.ts"));
const sources = project.getSourceFiles().filter((file) => pathOf(file) !== generated);

function pathOf(file: SourceFile): string {
  return relative(root, file.getFilePath()).split(sep).join("/");
}

function resolved(file: SourceFile, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier.replace(/^((?:@[^/]+\/)?[^/]+).*$/, "$1");
  return relative(root, join(dirname(file.getFilePath()), specifier.replace(/\.js$/, ".ts")))
    .split(sep)
    .join("/");
}

function importsOf(file: SourceFile): Import[] {
  const from = pathOf(file);
  const statements = [...file.getImportDeclarations(), ...file.getExportDeclarations()].flatMap(
    (statement) => {
      const specifier = statement.getModuleSpecifierValue();
      if (specifier === undefined) return [];
      const kind: Import["kind"] = statement.isTypeOnly() ? "type" : "static";
      return [{ from, to: resolved(file, specifier), kind }];
    },
  );
  const calls = file.getDescendantsOfKind(SyntaxKind.CallExpression).flatMap((call): Import[] => {
    if (call.getExpression().getKind() !== SyntaxKind.ImportKeyword) return [];
    const [argument] = call.getArguments();
    const to = Node.isStringLiteral(argument) ? resolved(file, argument.getLiteralValue()) : "(computed)";
    return [{ from, to, kind: "dynamic" }];
  });
  const types = file.getDescendantsOfKind(SyntaxKind.ImportType).map((node): Import => {
    const specifier = node.getArgument().getText().slice(1, -1);
    return { from, to: resolved(file, specifier), kind: "type" };
  });
  return [...statements, ...calls, ...types];
}

const imports = sources.flatMap(importsOf);
const inFolder = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);
const show = ({ from, to, kind }: Import): string => `${from} -> ${to} (${kind})`;
const breaking = (rule: (each: Import) => boolean): string[] => imports.filter(rule).map(show);
const ours = (path: string): boolean => folders.some((folder) => inFolder(path, folder));

describe("imports point one way", () => {
  it.each([
    ["ir", ["ir"]],
    ["runtime", ["runtime"]],
    ["codegen", ["codegen", "ir"]],
    ["compiler", ["compiler", "codegen", "ir", "runtime"]],
    ["cli", folders],
  ])("%s imports %s", (folder, allowed) => {
    // Types vanish: a bundle's maker may name the runtime's types, since the runtime is what it writes.
    const aboutBundles = ({ from, to, kind }: Import): boolean =>
      from.startsWith("codegen/bundle") && kind === "type" && inFolder(to, "runtime");
    const wrong = breaking(
      (each) =>
        inFolder(each.from, folder) &&
        ours(each.to) &&
        !allowed.some((other) => inFolder(each.to, other)) &&
        !aboutBundles(each),
    );
    expect(wrong).toEqual([]);
  });

  it("ir and runtime import no package and no built-in", () => {
    const closed = (path: string): boolean => inFolder(path, "ir") || inFolder(path, "runtime");
    // load() imports the text of a js bundle.
    const load = ({ from, to }: Import): boolean => from === "runtime/index.ts" && to === "(computed)";
    expect(breaking((each) => closed(each.from) && !ours(each.to) && !load(each))).toEqual([]);
  });

  it("and the imports were found", () => {
    for (const kind of ["static", "type", "dynamic"])
      expect(imports.some((each) => each.kind === kind)).toBe(true);
  });

  it("nothing is imported from outside the five folders", () => {
    expect(breaking(({ to }) => to.startsWith(".."))).toEqual([]);
    expect(breaking(({ to }) => !ours(to) && /\.(js|ts)$/.test(to))).toEqual([]);
  });

  it("modules do not pull in the back of the house", () => {
    const back =
      /^compiler\/(passes|schedule|lower)\/|^compiler\/(plan|pipeline|compile|jit)\.ts$|^codegen\//;
    const next = new Map<string, string[]>();
    for (const { from, to, kind } of imports)
      if (kind === "static" && ours(to)) next.set(from, [...(next.get(from) ?? []), to]);
    const trails: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string, trail: string): void => {
      if (back.test(path)) trails.push(trail);
      if (seen.has(path) || back.test(path)) return;
      seen.add(path);
      for (const to of next.get(path) ?? []) visit(to, `${trail} -> ${to}`);
    };
    for (const path of sources.map(pathOf)) if (inFolder(path, "compiler/nn")) visit(path, path);
    expect(trails).toEqual([]);
  });
});

describe("packages stay in their rooms", () => {
  it.each([
    ["binaryen", /^codegen\/wasm[\w-]*\.ts$/, ["type", "dynamic"]],
    ["ts-morph", /^cli\/load-model\.ts$/, ["type", "dynamic"]],
    ["commander", /^cli\/main\.ts$/, ["static", "type", "dynamic"]],
    [
      "zod",
      /^cli\/|^compiler\/(model-spec|spec-table|tune\/read-tuning)\.ts$/,
      ["static", "type", "dynamic"],
    ],
    ["esbuild", /^$/, []],
  ])("%s", (name, room, kinds) => {
    expect(
      breaking(({ from, to, kind }) => to === name && (!room.test(from) || !kinds.includes(kind))),
    ).toEqual([]);
  });

  it("only declared dependencies are imported, and all of them are", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const used = new Set(
      imports.map(({ to }) => to).filter((to) => !ours(to) && !/^node:|^\(computed\)$/.test(to)),
    );
    expect([...used].filter((name) => manifest.dependencies[name] === undefined)).toEqual([]);
    if (existsSync(join(root, "cli/main.ts")))
      expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  it("the compiler and codegen use no built-in of Node's statically", () => {
    const pure = (path: string): boolean => inFolder(path, "compiler") || inFolder(path, "codegen");
    expect(
      breaking(({ from, to, kind }) => pure(from) && to.startsWith("node:") && kind === "static"),
    ).toEqual([]);
  });
});

describe("text", () => {
  it("emitters know nothing of convolutions", () => {
    const emitters = sources.filter((file) => /^codegen\/(js|wasm|wgsl)[\w-]*\.ts$/.test(pathOf(file)));
    expect(emitters.length).toBeGreaterThan(0);
    const lines = emitters.flatMap((file) =>
      file
        .getFullText()
        .split("\n")
        .map((line, index) => `${pathOf(file)}:${index + 1}: ${line}`),
    );
    expect(lines.filter((line) => /\b(conv|window|tile|pad)\b/i.test(line))).toEqual([]);
  });

  it("no type is any", () => {
    const found = sources.flatMap((file) =>
      file
        .getDescendantsOfKind(SyntaxKind.AnyKeyword)
        .map((node) => `${pathOf(file)}:${node.getStartLineNumber()}`),
    );
    expect(found).toEqual([]);
  });

  it("files open with what they own and are at most 450 lines long", () => {
    const silent = sources.filter((file) => !/^(#!.*\n)?\/\*\*/.test(file.getFullText())).map(pathOf);
    expect(silent).toEqual([]);
    const long = sources.filter((file) => file.getFullText().split("\n").length > 451).map(pathOf);
    expect(long).toEqual([]);
  });

  it("files are called after what they are, in kebab-case", () => {
    const names = sources.map(pathOf);
    expect(names.filter((name) => !/^[a-z0-9/-]+\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name) => /(^|\/)(utils?|helpers?|common|misc)\.ts$/.test(name))).toEqual([]);
  });
});

describe("the top level", () => {
  const known = [
    ...folders,
    ..."test examples README.md ARCHITECTURE.md LICENSE CHANGELOG.md .ci .gitignore package.json package-lock.json".split(
      " ",
    ),
    ..."tsconfig.json tsconfig.build.json biome.json vitest.config.ts".split(" "),
    // Made by tools, not part of the repository.
    ..."node_modules dist .git coverage .vitest".split(" "),
  ];

  it("holds nothing that was not planned", () => {
    expect(readdirSync(root).filter((name) => !known.includes(name))).toEqual([]);
  });
});

it.each(["createFromJs", "createFromWasm"])(
  "the runtime of a bundle is at most 3 KB gzipped, with everything a program may need: %s",
  (start) => {
    const text = runtimeText([start, "readBeside"], features, Object.keys(arrayNames) as DType[]);
    expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(3072);
  },
);

const entry = join(root, "dist/compiler/index.js");
const built = existsSync(entry);
if (!built) console.warn("skipped: dist/compiler/index.js does not exist; run npm run build");

describe.skipIf(!built)("importing the package", () => {
  it("loads neither binaryen nor ts-morph", async () => {
    const hooks = `import { writeSync } from "node:fs";
      export async function load(url, context, next) { writeSync(1, url + "\\n"); return next(url, context); }`;
    const script = `import { register } from "node:module";
      register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
      await import(${JSON.stringify(pathToFileURL(entry).href)});`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const loaded = stdout.trim().split("\n");
    expect(loaded).toContain(pathToFileURL(entry).href);
    expect(loaded.filter((url) => /\/(binaryen|ts-morph|typescript|commander)\//.test(url))).toEqual([]);
  });
});
