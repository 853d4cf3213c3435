/** NAME.json, the manifest of a bundle: the program, and what its files are. */
import { CheckpointError } from "./error.js";
import type { Program } from "./program.js";

/** Shapes, dtypes and places are the Program's own fields. */
export interface BundleManifest extends Program {
  readonly format: "convsmith-bundle";
  readonly formatVersion: 1;
  /** Version of the compiler that made it. */
  readonly compiler: string;
  /** The targets there is code for, best first, and the files that hold it. */
  readonly targets: readonly { readonly target: string; readonly file: string }[];
  /** Everything is inside the .mjs. */
  readonly inline: boolean;
  /** Multiply-accumulates of one run. */
  readonly macs: number;
  /** SHA-256 of the measured choices (a tuning) that decided its schedules; left out where none did. */
  readonly tuning?: string;
  readonly bytes: {
    /** Everything one client loads: the .mjs, the largest .wasm, the weights; uncompressed. */
    readonly wire: number;
    /** Parameters as stored, in their own dtype. */
    readonly weights: number;
    /** The program's memory while it lives. */
    readonly memory: number;
  };
  /** Every other file of the bundle. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Finds and reads the one manifest among the files of a bundle. */
export function readManifest(files: ReadonlyMap<string, Uint8Array>): BundleManifest {
  const names = [...files.keys()].filter((name) => name.endsWith(".json"));
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw new CheckpointError(
      "bundle-manifest",
      `a bundle has one .json, its manifest; the files given have ${names.length}${names.length > 1 ? ` (${names.join(", ")})` : ""}`,
    );
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder().decode(files.get(name)));
  } catch (error) {
    throw new CheckpointError("bundle-manifest", `${name} is not JSON: ${error}`);
  }
  const { format, formatVersion } = (manifest ?? {}) as Partial<BundleManifest>;
  if (format !== "convsmith-bundle" || formatVersion !== 1)
    throw new CheckpointError(
      "bundle-manifest",
      `${name} is not the manifest of a convsmith bundle of version 1`,
    );
  return manifest as BundleManifest;
}
