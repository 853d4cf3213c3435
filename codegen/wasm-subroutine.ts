/** Subroutines of a wasm module: `$tanh` takes one f32, `$tanh_4` four, each added when a kernel first needs it. */
import type binaryen from "binaryen";
import type { Lanes } from "../ir/kernel.js";
import type { Target } from "../ir/target.js";
import { argumentName, type DerivedFn, subroutineBody } from "./derived.js";
import { createNames, type Names } from "./text.js";
import { inLanes, valueCode } from "./wasm-expr.js";
import { type Binaryen, createLocals, emptyScope, type Subroutines, type WasmKernel } from "./wasm-memory.js";
import { addFunction, bindShared } from "./wasm-stmt.js";

export function createSubroutines(
  api: Binaryen,
  module: binaryen.Module,
  target: Target,
  names: Names,
): Subroutines {
  const added = new Map<string, string>();
  const subroutines: Subroutines = {
    of(fn, lanes) {
      const key = `subroutine ${fn} ${lanes}`;
      const known = added.get(key);
      if (known !== undefined) return known;
      const name = names.of(key, lanes === 4 ? `${fn}_4` : fn);
      added.set(key, name);
      add(fn, lanes, name);
      return name;
    },
  };
  const add = (fn: DerivedFn, lanes: Lanes, name: string): void => {
    const body = subroutineBody(fn);
    const locals = createLocals();
    const type = lanes === 4 ? api.v128 : api.f32;
    const argument = locals.of("argument", type, argumentName);
    const context: WasmKernel = {
      api,
      module,
      target,
      elements: new Map(),
      pointers: new Map(),
      part: null,
      locals,
      labels: createNames(new Set()),
      subroutines,
    };
    const scope = emptyScope();
    scope.lets.set(argumentName, { local: argument, type: lanes === 4 ? "numbers" : "number" });
    const shared = bindShared(context, scope, body);
    const value = inLanes(context, valueCode(context, scope, body.value), lanes);
    addFunction(context, name, [type], type, module.block(null, [...shared, value], type));
  };
  return subroutines;
}
