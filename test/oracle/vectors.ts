/** The parts of flax.json that more than one test reads; record.py documents the file. */
import { readFileSync } from "node:fs";
import type { ConvGeneralDilatedOptions } from "../../compiler/lax/conv-general-dilated.js";
import { type Initializer, initializers } from "../../compiler/random/initializers.js";
import type { DType, TypedArray } from "../../runtime/tensor.js";

export interface RecordedInit {
  readonly name: string;
  readonly options?: number | Readonly<Record<string, unknown>>;
}

type RecordedLayers = readonly (RecordedModel | RecordedParam | string)[];

/** Only convolutions name initialisers. */
export type RecordedModel = RecordedTree & {
  readonly kernelInit?: RecordedInit;
  readonly biasInit?: RecordedInit;
};

export type RecordedConv = {
  readonly type: "Conv" | "ConvLocal" | "ConvTranspose";
  readonly features: number;
  readonly kernelSize: number | readonly number[];
  readonly paramDtype?: DType;
};

/** A parameter of the module whose call it is in. */
export interface RecordedParam {
  readonly type: "Param";
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: RecordedInit;
  readonly dtype?: DType;
}

type RecordedTree =
  | RecordedConv
  | { readonly type: "Sequential"; readonly layers: RecordedLayers }
  | { readonly type: "Compact"; readonly name: string; readonly layers: RecordedLayers }
  | {
      readonly type: "Setup";
      readonly name: string;
      readonly fields: Readonly<Record<string, RecordedField>>;
      readonly order?: readonly string[];
    };

/** A layer, a list of them, or a record. */
export type RecordedField =
  | RecordedModel
  | readonly RecordedModel[]
  | Readonly<Record<string, RecordedModel>>;

/** Row-major; infinities and NaN are strings. */
export interface RecordedTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
}

type Options = Readonly<Record<string, unknown>>;

export interface RecordedFile {
  readonly cases: readonly {
    readonly config: Options;
    readonly mask?: RecordedTensor;
    readonly input: RecordedTensor;
    readonly params: Readonly<Record<string, RecordedTensor>>;
    readonly output: RecordedTensor;
  }[];
  readonly refused: readonly {
    readonly config: Options;
    readonly mask?: { readonly shape: readonly number[]; readonly dtype: DType };
    readonly inputShape: readonly number[];
    /** Shapes by path, the collection first; null is no variables, and without it `init` is asked. */
    readonly given?: Readonly<Record<string, readonly number[]>> | null;
    readonly error: string;
    readonly message: string;
  }[];
  readonly init: readonly {
    readonly model: RecordedModel;
    readonly seed: number;
    readonly inputShape: readonly number[];
    readonly params: Readonly<Record<string, RecordedBits>>;
  }[];
  readonly initializers: readonly (RecordedInit & {
    readonly dtype: DType;
    readonly seed: number;
    readonly shape: readonly number[];
    /** Every number, or the first ones and a hash of all. */
    readonly bits?: string;
    readonly first?: string;
    readonly sha256?: string;
  })[];
  readonly activations: {
    readonly x: readonly (number | string)[];
    readonly y: Readonly<Record<string, readonly (number | string)[]>>;
  };
  readonly lax: readonly {
    readonly lhs: RecordedTensor;
    readonly rhs: RecordedTensor;
    readonly options: ConvGeneralDilatedOptions;
    readonly output: RecordedTensor;
  }[];
  readonly laxRefused: readonly {
    readonly lhsShape: readonly number[];
    readonly rhsShape: readonly number[];
    readonly options: ConvGeneralDilatedOptions;
    readonly error: string;
    readonly message: string;
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
/** Bit patterns of a parameter; float32 where the dtype is left out. */
interface RecordedBits {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly bits: string;
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

/** Bit patterns as the file spells them: two hex digits for each byte of a number, 8 for a float32. */
export function hexBits(values: TypedArray): string {
  const size = values.BYTES_PER_ELEMENT;
  const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[size as 1 | 2 | 4];
  const bits = new words(values.buffer as ArrayBuffer, values.byteOffset, values.length);
  return Array.from(bits, (word) => word.toString(16).padStart(2 * size, "0")).join("");
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
