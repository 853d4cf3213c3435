/** Using a module, right or wrong: what is tried, as data, and what comes of it. */
import type { CompileOptions } from "../../compiler/compile-options.js";
import type { Variables } from "../../compiler/index.js";
import { compile, jit, key } from "../../compiler/index.js";
import type { InputSpec, InputSpecs } from "../../compiler/input-spec.js";
import type { RunInput } from "../../runtime/binding.js";
import type { Tensor } from "../../runtime/tensor.js";
import type { ModuleName } from "../differential/call.js";
import { moduleClasses } from "../differential/call.js";
import { source } from "../differential/runnable.js";

export interface Attempt {
  readonly module: ModuleName;
  readonly options: unknown;
  /** Specs, for compile and init. */
  readonly inputs: unknown;
  readonly variables: unknown;
  /** Other options of compile and jit. */
  readonly compile: Readonly<Record<string, unknown>>;
  readonly step: "compile" | "init" | "jit" | "run";
  /** Inputs, for jit and run. */
  readonly given: readonly unknown[];
}

export interface Outcome {
  /** What was thrown; undefined where all was accepted. */
  readonly error: unknown;
  readonly accepted: boolean;
  /** Stages of the compilation that began, "trace" first. */
  readonly stages: readonly string[];
}

/** Does what the attempt says. A program that is to be run is compiled first, which is no stage of the attempt. */
export async function tryOut(attempt: Attempt): Promise<Outcome> {
  const stages: string[] = [];
  const onProgress = ({ stage }: { readonly stage: string }) => stages.push(stage);
  try {
    await perform(attempt, { onProgress });
    return { error: undefined, accepted: true, stages };
  } catch (error) {
    return { error, accepted: false, stages };
  }
}

async function perform(attempt: Attempt, watch: Partial<CompileOptions>): Promise<void> {
  const { module, options, step } = attempt;
  const given = attempt.given as readonly Tensor[];
  const variables = attempt.variables as Variables;
  if (step === "run") {
    (await programOf(attempt)).runSync(...(given as readonly RunInput[]));
    return;
  }
  const model = new moduleClasses[module](options);
  if (step === "init") model.init(key(0), ...(attempt.inputs as readonly InputSpec[]));
  else if (step === "jit") await jit(model, { ...attempt.compile, ...watch })(variables, ...given);
  else {
    const inputs = attempt.inputs as InputSpecs;
    const f = await compile(model, { inputs, variables, ...attempt.compile, ...watch });
    f.dispose();
  }
}

const programs = new Map<string, ReturnType<typeof compile>>();

function programOf({
  module,
  options,
  inputs,
  variables,
  compile: others,
}: Attempt): ReturnType<typeof compile> {
  const named = source([module, options, inputs, others]);
  const known = programs.get(named);
  if (known !== undefined) return known;
  const model = new moduleClasses[module](options);
  const made = compile(model, { inputs: inputs as InputSpecs, variables: variables as Variables, ...others });
  programs.set(named, made);
  return made;
}

/** The attempt as code to paste. */
export function attemptCode({
  module,
  options,
  inputs,
  variables,
  compile: others,
  step,
  given,
}: Attempt): string {
  const model = `const model = new ${module}(${options === undefined ? "" : source(options)});`;
  const extra = Object.entries(others).map(([name, value]) => `${name}: ${source(value)}`);
  const compiled = `await compile(model, { ${[`inputs: ${source(inputs)}`, ...(variables === undefined ? [] : [`variables: ${source(variables)}`]), ...extra].join(", ")} })`;
  const args = given.map(source).join(", ");
  const imports = step === "init" ? "key" : step === "jit" ? "jit" : "compile";
  const specs = Array.isArray(inputs) ? inputs.map(source).join(", ") : source(inputs);
  const last = {
    init: `model.init(key(0), ${specs});`,
    jit: `await jit(model, { ${extra.join(", ")} })(${source(variables)}${args === "" ? "" : `, ${args}`});`,
    compile: `${compiled};`,
    run: `const f = ${compiled};\nf.runSync(${args});`,
  };
  return `import { ${module}, ${imports} } from "convsmith";\n\n${model}\n${last[step]}\n`;
}
