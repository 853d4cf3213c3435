/**
 * The wgsl backend: a program as shaders, one entry point each, and the list of what to dispatch on which buffers.
 *
 * Memory is many buffers here (`KernelProgram.regions`); an argument that lies inside one has its offset written into
 * the shader. Dispatches that would have the same text share it.
 */
import { InternalError } from "../ir/diagnostic.js";
import { gridOf, laneCount, workgroupCount } from "../ir/grid.js";
import type { Buffer, Nest, Stmt } from "../ir/kernel.js";
import type { KernelProgram, Region } from "../ir/program.js";
import type { Target } from "../ir/target.js";
import { elementBytes } from "../ir/types.js";
import type { Artifact, Dispatch, GpuProgram } from "./backend.js";
import type { CallOf } from "./calls.js";
import { kernelArguments, resolveCalls } from "./calls.js";
import { type DerivedFn, derivedFns, inlineSingleCalls } from "./derived.js";
import { createNames, createWriter, type Names } from "./text.js";
import type { Context } from "./wgsl-expr.js";
import { variableName } from "./wgsl-expr.js";
import { emptyScope, writeBlock, writeSubroutine } from "./wgsl-stmt.js";
import type { FixedSupport, Lanes, Support } from "./wgsl-support.js";
import { definitions, lanewise, lanewiseDefinition, needs } from "./wgsl-support.js";
import type { Place } from "./wgsl-view.js";
import { arrayType, storedType, viewsOf } from "./wgsl-view.js";

export async function emitWgsl(program: KernelProgram, target: Target): Promise<Artifact> {
  return { kind: "wgsl", target, program: gpuProgram(program, target) };
}

export function gpuProgram(program: KernelProgram, target: Target): GpuProgram {
  const regions = program.regions ?? [{ offset: 0, bytes: program.memoryBytes }];
  const calls = resolveCalls(program);
  const shaders = new Map<string, number>();
  const dispatches = (list: readonly CallOf[]): Dispatch[] =>
    list.flatMap((call) => {
      const { nests } = inlineSingleCalls(call.kernel, target);
      return nests.map((nest): Dispatch => {
        const { code, buffers, groups } = shaderOf(call, nest, regions, target);
        const shader = shaders.get(code) ?? shaders.size;
        shaders.set(code, shader);
        return { shader, buffers, groups };
      });
    });
  const setup = dispatches(calls.setup);
  const run = dispatches(calls.run);
  const sizes = regions.map(({ bytes }) => Math.ceil(bytes / 4) * 4);
  if (target.grid === null) throw new InternalError(`${target.name} has no grid`);
  return { target: `wgsl-${target.grid.adapter}`, sizes, shaders: [...shaders.keys()], setup, run };
}

/** All shaders as one text, for people. */
export function wgslText({ shaders, setup, run }: GpuProgram): string {
  const uses = (list: readonly Dispatch[], shader: number): string[] =>
    list.filter((each) => each.shader === shader).map(({ groups }) => groups.join(" x "));
  return shaders
    .map((code, shader) => {
      const [once, each] = [uses(setup, shader), uses(run, shader)];
      const when = [
        ...(once.length > 0 ? [`once: ${once.join(", ")}`] : []),
        ...(each.length > 0 ? [`each run: ${each.join(", ")}`] : []),
      ];
      return `// shader ${shader}, workgroups ${when.join("; ")}\n${code}`;
    })
    .join("\n\n");
}

interface Shader {
  readonly code: string;
  /** Numbers of regions, in the order of the bindings. */
  readonly buffers: readonly number[];
  readonly groups: readonly [x: number, y: number];
}

/** Workgroups along one dimension of a dispatch. */
const mostGroups = 65535;

function shaderOf({ kernel, args }: CallOf, nest: Nest, regions: readonly Region[], target: Target): Shader {
  const grid = gridOf(nest);
  if (typeof grid === "string") throw new InternalError(`${kernel.name}/${nest.name}: ${grid}`);
  const places = new Map<string, Place>();
  const regionOf = new Map<string, number>();
  kernelArguments(kernel).forEach(({ name, element }, index) => {
    const at = args[index]!;
    const region = regions.findIndex(({ offset, bytes }) => at >= offset && at < offset + Math.max(bytes, 1));
    if (region < 0) throw new InternalError(`${kernel.name}: ${name} lies at ${at}, in no buffer`);
    const known = [...regionOf].find(([, number]) => number === region);
    const variable = known?.[0] ?? name;
    regionOf.set(variable, region);
    places.set(name, { variable, element, offset: (at - regions[region]!.offset) / elementBytes(element) });
  });
  for (const { name, element } of [...grid.shared, ...privateBuffers(nest.body)])
    places.set(name, { variable: name, element, offset: 0 });
  const uses = new Set<Support>();
  const views = viewsOf(nest.body, places, target.grid?.f16 === true);
  const context: Context = { target, names: wgslNames(), places, views, uses };
  const bound = [...views].filter(([variable]) => regionOf.has(variable));
  const declarations = [
    ...bound.map(([variable, view], index) => {
      const access = view.written ? "read_write" : "read";
      return `@group(0) @binding(${index}) var<storage, ${access}> ${variableName(context, variable)}: array<${storedType(view)}>;`;
    }),
    ...grid.shared.map(({ name, size }) => {
      const view = views.get(name);
      const type = view === undefined ? `array<f32, ${size}>` : arrayType(view, size);
      return `var<workgroup> ${variableName(context, name)}: ${type};`;
    }),
  ];
  const count = workgroupCount(grid);
  const groups = groupsOf(count);
  const writer = createWriter();
  const [workgroup, lane] = [context.names.fresh("group"), context.names.fresh("lane")];
  const builtins = `@builtin(workgroup_id) ${workgroup}_id: vec3<u32>, @builtin(local_invocation_index) ${lane}_id: u32`;
  writer.line(`@compute @workgroup_size(${laneCount(grid)})`);
  writer.block(`fn main(${builtins})`, () => {
    const number =
      groups[1] === 1 ? `${workgroup}_id.x` : `${workgroup}_id.x + ${workgroup}_id.y * ${groups[0]}u`;
    writer.line(`let ${workgroup} = i32(${number});`);
    if (groups[0] * groups[1] > count) writer.line(`if (${workgroup} >= ${count}) { return; }`);
    writer.line(`let ${lane} = i32(${lane}_id);`);
    writeBlock(writer, context, emptyScope, nest.body, { grid, workgroup, lane });
  });
  const enable = bound.some(([, view]) => storedType(view) === "f16") ? ["enable f16;"] : [];
  const code = [...enable, ...declarations, ...supportLines(context), ...writer.lines()].join("\n");
  return { code: `${code}\n`, buffers: bound.map(([variable]) => regionOf.get(variable)!), groups };
}

function privateBuffers(stmts: readonly Stmt[]): readonly Buffer[] {
  return stmts.flatMap((stmt) => {
    if (stmt.kind === "for" || stmt.kind === "if") return privateBuffers(stmt.body);
    return stmt.kind === "alloc" && stmt.buffer.space === "private" ? [stmt.buffer] : [];
  });
}

function groupsOf(count: number): readonly [number, number] {
  if (count <= mostGroups) return [count, 1];
  const rows = Math.ceil(count / mostGroups);
  return [Math.ceil(count / rows), rows];
}

function supportLines(context: Context): string[] {
  const subroutines = createWriter();
  for (const fn of derivedFns)
    for (const lanes of [1, 4] as const)
      if (context.uses.has(`${fn}_${lanes}`)) writeDerived(subroutines, context, fn, lanes);
  const all = new Set<string>(context.uses);
  const add = (name: FixedSupport): void => {
    all.add(name);
    needs[name]?.forEach(add);
  };
  for (const name of fixedSupports) if (all.has(name)) add(name);
  return [
    ...fixedSupports.filter((name) => all.has(name)).flatMap((name) => definitions[name]),
    ...lanewise.filter((fn) => all.has(`${fn}_4`)).flatMap((fn) => lanewiseDefinition(fn, 4)),
    ...subroutines.lines(),
  ];
}

const fixedSupports = Object.keys(definitions) as FixedSupport[];

/** With names of its own. */
function writeDerived(
  writer: ReturnType<typeof createWriter>,
  context: Context,
  fn: DerivedFn,
  lanes: Lanes,
): void {
  writeSubroutine(writer, { ...context, names: wgslNames() }, fn, lanes);
}

/** Words nothing may be called: the language's own, and what the text around a nest defines. */
const reserved: ReadonlySet<string> = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
  loop override requires return struct switch true var while NULL Self abstract active alignas alignof as asm
  asm_fragment async attribute auto await become cast catch class co_await co_return co_yield coherent column_major
  common compile compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete
  demote demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final
  finally friend from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp
  macro macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation
  non_coherent noncoherent noperspective null nullptr of operator package packoffset partial pass patch
  pixelfragment precise precision premerge priv protected pub public readonly ref regardless register
  reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std
  subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless
  unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
  bool f16 f32 i32 u32 vec4 array atomic bitcast select clamp fma abs max min floor sqrt extractBits atomicAnd atomicOr
  atomicLoad workgroupBarrier main ${Object.keys(definitions).join(" ")} ${lanewise.map((fn) => `${fn}_4`).join(" ")}
  ${derivedFns.flatMap((fn) => [`${fn}_1`, `${fn}_4`]).join(" ")}`.split(/\s+/),
);

function wgslNames(): Names {
  return createNames(reserved);
}
