/** spec/rng_vectors.json and samplers.json: jax's keys, bits and samples, and flax's initial parameters, bit for bit. */
import { createHash } from "node:crypto";
import type { RandomDType } from "../../compiler/random/distribution.js";
import * as distributions from "../../compiler/random/distribution.js";
import { initializers } from "../../compiler/random/initializers.js";
import { parameterKey } from "../../compiler/random/parameter-key.js";
import { normal, truncatedNormal, uniform } from "../../compiler/random/sample.js";
import { drawSmall, smallFormats } from "../../compiler/random/small-float-sample.js";
import { foldIn, type Key, key, randomBits, split, threefry2x32 } from "../../compiler/random/threefry.js";
import { smallFloatBits } from "../../runtime/small-float.js";
import { hexBits } from "../oracle/vectors.js";
import { camel } from "./flax-model.js";
import type { Case } from "./suite.js";

type Words = readonly [k0: number, k1: number];

export interface Vectors {
  readonly threefry2x32: readonly { readonly key: Words; readonly count: Words; readonly out: Words }[];
  readonly key_from_seed_x64_disabled: readonly { readonly seed: number; readonly key: Words }[];
  readonly split: readonly {
    readonly seed: number;
    readonly num: number;
    readonly partitionable: boolean;
    readonly keys: readonly Words[];
  }[];
  readonly fold_in: readonly { readonly seed: number; readonly data: number; readonly key: Words }[];
  readonly random_bits_32: readonly {
    readonly seed: number;
    readonly shape: readonly number[];
    readonly partitionable: boolean;
    readonly bits: readonly number[];
  }[];
  readonly samples: readonly {
    readonly seed: number;
    readonly dist: string;
    readonly bits: readonly string[];
  }[];
  readonly linen_param_keys: readonly {
    readonly path: readonly string[];
    readonly count: number;
    readonly separator: boolean;
    readonly key_from_seed0: Words;
  }[];
  readonly init: readonly {
    readonly name: string;
    readonly path: readonly string[];
    readonly count: number;
    readonly seed: number;
    readonly separator: boolean;
    readonly init: string;
    readonly shape: readonly number[];
    readonly bits: readonly string[];
  }[];
}

export interface Samplers {
  readonly samplers: readonly {
    readonly sampler: "uniform" | "normal" | "truncated_normal";
    readonly dtype: RandomDType;
    readonly draws: number;
    readonly sha256_of_all: string;
    readonly sample: { readonly draw: readonly number[]; readonly bits: readonly number[] };
  }[];
}

export const words = ({ k0, k1 }: Key): Words => [k0, k1];

export function equals(name: string, make: () => unknown, wanted: unknown): Case {
  const text = (value: unknown): string => JSON.stringify(value);
  const check = (): string[] => {
    const got = text(make());
    return got === text(wanted) ? [] : [`is ${got.slice(0, 80)}, not ${text(wanted).slice(0, 80)}`];
  };
  return { name, check };
}

const older = (partitionable: boolean): string | undefined =>
  partitionable ? undefined : "jax_threefry_partitionable=False, no longer jax's default";
const separated = (separator: boolean): string | undefined =>
  separator ? "flax_fix_rng_separator=True, not flax's default" : undefined;

export function keyCases(vectors: Vectors): Case[] {
  return [
    ...vectors.threefry2x32.map(({ key: [k0, k1], count, out }) =>
      equals(`threefry2x32 ${count} under ${k0},${k1}`, () => threefry2x32({ k0, k1 }, ...count), out),
    ),
    ...vectors.key_from_seed_x64_disabled.map(({ seed, key: wanted }) =>
      equals(`key ${seed}`, () => words(key(seed)), wanted),
    ),
    ...vectors.fold_in.map(({ seed, data, key: wanted }) =>
      equals(`foldIn ${data} of ${seed}`, () => words(foldIn(key(seed), data)), wanted),
    ),
    ...vectors.split.map(({ seed, num, partitionable, keys }) => ({
      ...equals(`split ${seed} in ${num}`, () => split(key(seed), num).map(words), keys),
      notYet: older(partitionable),
    })),
    ...vectors.random_bits_32.map(({ seed, shape, partitionable, bits }) => ({
      ...equals(`bits [${shape}] of ${seed}`, () => [...randomBits(key(seed), shape[0]!)], bits),
      notYet: older(partitionable),
    })),
    ...vectors.linen_param_keys.map(({ path, count, separator, key_from_seed0: wanted }) => ({
      ...equals(
        `parameter ${count} of ${path.join("/")}`,
        () => words(parameterKey(key(0), path, count)),
        wanted,
      ),
      notYet: separated(separator),
    })),
  ];
}

export function sampleCases({ samples }: Vectors): Case[] {
  return samples.map(({ seed, dist, bits: wanted }) => {
    const bits = randomBits(key(seed), wanted.length);
    const draw: Readonly<Record<string, () => Float32Array>> = {
      "uniform[0,1)": () => uniform(bits, 0, 1),
      "uniform[-1,1)": () => uniform(bits, -1, 1),
      normal: () => normal(bits),
      "truncated_normal(-2,2)": () => truncatedNormal(bits, -2, 2),
    };
    return equals(`${dist} of ${seed}`, () => hexBits(draw[dist]!()), wanted.join(""));
  });
}

export function initialCases({ init }: Vectors): Case[] {
  return init.map(({ name, init: initializer, path, count, seed, separator, shape, bits }) => {
    const make = initializers[camel(initializer) as "lecunNormal"]();
    const first = (): string =>
      hexBits(make(parameterKey(key(seed), path, count), shape, "float32").data.subarray(0, bits.length));
    return { ...equals(name, first, bits.join("")), notYet: separated(separator) };
  });
}

/** Every value there is: the samples of all draws that differ in a bit that counts. */
export function samplerCases({ samplers }: Samplers): Case[] {
  return samplers.map(({ sampler, dtype, draws: count, sha256_of_all: wanted, sample: first }) => ({
    name: `${sampler} ${dtype}`,
    check: () => {
      const { sample, dropped } = samplerOf(sampler, dtype);
      const some = [...sample(Uint32Array.from(first.draw))];
      const wrong = some.findIndex((bits, i) => bits !== first.bits[i]);
      if (wrong >= 0) return [`${first.draw[wrong]} gives ${some[wrong]}, not ${first.bits[wrong]}`];
      const draws = new Uint32Array(count);
      for (let i = 0; i < count; i++) draws[i] = i << dropped;
      const all = new Uint8Array(sample(draws).buffer);
      return createHash("sha256").update(all).digest("hex") === wanted ? [] : ["not all values are jax's"];
    },
  }));
}

/** Bit patterns of the samples for given bits, and how many low bits do not count. */
function samplerOf(sampler: Samplers["samplers"][number]["sampler"], dtype: RandomDType) {
  const distribution = {
    uniform: distributions.uniform(-1, 1),
    normal: distributions.normal,
    truncated_normal: distributions.truncatedNormal(-2, 2),
  }[sampler];
  if (dtype === "float16" || dtype === "bfloat16") {
    const format = smallFormats[dtype];
    const table = smallFloatBits(distribution.small(format), format.float);
    return { sample: (bits: Uint32Array) => drawSmall(format, table, bits), dropped: format.dropped };
  }
  return {
    sample: (bits: Uint32Array) => new Uint32Array(distribution.float32(bits).buffer),
    dropped: 9,
  };
}
