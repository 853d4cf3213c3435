/** The errors a user can meet. Each says in one line what is wrong and what to do. */
import { features } from "./features.js";

export class ConvsmithError extends Error {
  override readonly name: string = "ConvsmithError";
  /** Stable identifier of the rule that was broken, listed in the README. */
  readonly code: string;
  /** Path of the module the error is about ("Net/Conv_1"); undefined where there is none. */
  readonly path: string | undefined;

  constructor(code: string, message: string, path?: string) {
    super(features.paths && path ? `${path}: ${message}` : message);
    this.code = code;
    if (features.paths) this.path = path || undefined;
  }
}

/** An option that is wrong on its own. */
export class ConfigError extends ConvsmithError {
  override readonly name = "ConfigError";
}

/** Shapes or dtypes that do not fit together. */
export class ShapeError extends ConvsmithError {
  override readonly name = "ShapeError";
}

/** A parameter that is missing or mis-shaped, or a file that is not a checkpoint. */
export class CheckpointError extends ConvsmithError {
  override readonly name = "CheckpointError";
}

/** Something this backend or version cannot do; the message says which can. */
export class UnsupportedError extends ConvsmithError {
  override readonly name = "UnsupportedError";
}
