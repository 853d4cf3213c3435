/** The parts of flax.json that more than one test reads; record.py documents the file. */
import { readFileSync } from "node:fs";
import { type Initializer, initializers } from "../../compiler/random/initializers.js";
import type { DType } from "../../runtime/tensor.js";

export interface RecordedInit {
  readonly name: string;
  readonly options?: number | Readonly<Record<string, unknown>>;
}

export interface RecordedModel {
  readonly type: string;
  readonly kernelInit?: RecordedInit;
  readonly biasInit?: RecordedInit;
}

export interface RecordedFile {
  readonly cases: readonly {
    readonly config: object;
    readonly output: { readonly shape: readonly number[] };
  }[];
  readonly refused: readonly { readonly error: string }[];
  readonly init: readonly {
    readonly model: RecordedModel;
    readonly seed: number;
    readonly inputShape: readonly number[];
    readonly params: Readonly<Record<string, { readonly shape: readonly number[]; readonly bits: string }>>;
  }[];
  readonly activations: {
    readonly x: readonly (number | string)[];
    readonly y: Readonly<Record<string, readonly (number | string)[]>>;
  };
  readonly lax: readonly object[];
  readonly laxRefused: readonly { readonly error: string }[];
  readonly checkpoints: readonly {
    readonly bytes: string;
    readonly tensors: Readonly<
      Record<string, { readonly shape: number[]; readonly dtype: DType; readonly data: (number | string)[] }>
    >;
  }[];
  readonly random: {
    readonly keys: readonly { readonly seed: number; readonly key: Words }[];
    readonly split: readonly {
      readonly seed: number;
      readonly count: number;
      readonly keys: readonly Words[];
    }[];
    readonly foldIn: readonly { readonly seed: number; readonly data: number; readonly key: Words }[];
    readonly bits: readonly {
      readonly seed: number;
      readonly count: number;
      readonly bits: readonly number[];
    }[];
    readonly samples: readonly {
      readonly sampler: "uniform" | "normal" | "truncatedNormal";
      readonly low: number | null;
      readonly high: number | null;
      readonly seed: number;
      readonly count: number;
      readonly first: string;
      readonly sha256: string;
    }[];
    readonly parameterKeys: readonly {
      readonly path: readonly string[];
      readonly count: number;
      readonly key: Words;
    }[];
  };
}
type Words = readonly [k0: number, k1: number];

export const recorded = JSON.parse(
  readFileSync(new URL("flax.json", import.meta.url), "utf8"),
) as RecordedFile;

/** A recorded number: JSON has no infinities and no NaN. */
export function recordedNumber(value: number | string): number {
  if (typeof value === "number") return value;
  return value === "nan" ? Number.NaN : value === "inf" ? Infinity : -Infinity;
}

/** Bit patterns as the file spells them: 8 hex digits for each float32. */
export function hexBits(values: ArrayLike<number>): string {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** The initialiser a recorded model names. */
export function initializerOf({ name, options }: RecordedInit): Initializer {
  const known = initializers as unknown as Readonly<
    Record<string, Initializer | ((options: unknown) => Initializer)>
  >;
  const found = known[name]!;
  return name === "zeros" || name === "ones"
    ? (found as Initializer)
    : (found as (options: unknown) => Initializer)(options);
}
