/** `convsmith schema`: the JSON schema of model specs. */
import { modelSpecJsonSchema } from "../../compiler/model-spec.js";
import type { Terminal } from "../terminal.js";

export function schemaCommand(terminal: Terminal): void {
  terminal.out(`${JSON.stringify(modelSpecJsonSchema(), null, 2)}\n`);
}
