/** flax.json: what flax computes, refuses and initialises, against the compiler on every way there is to run it. */
import { createHash } from "node:crypto";
import { flattenParams } from "../../compiler/checkpoint/tree.js";
import { lax } from "../../compiler/lax/index.js";
import { key } from "../../compiler/random/threefry.js";
import { traceProgram } from "../../compiler/trace.js";
import type { Tensor } from "../../runtime/tensor.js";
import { moduleOf } from "../conformance/flax-model.js";
import type { Case } from "../conformance/suite.js";
import { suiteTest } from "../conformance/suite-test.js";
import { buildModel } from "./build-model.js";
import { activationCases, convCases, laxCases } from "./flax-cases.js";
import { refusal, zeros, zeroVariables } from "./refused.js";
import { hexBits, initializerOf, recorded } from "./vectors.js";

const { refused, init, laxRefused } = recorded;

function refusedConvs(): Case[] {
  return refused.map(({ config, mask, inputShape, given, ...flax }) => ({
    name: `Conv ${JSON.stringify(config)}${mask === undefined ? "" : ` mask [${mask.shape}]`} on [${inputShape}]${given === undefined ? "" : ` given ${JSON.stringify(given)}`}`,
    check: () =>
      refusal(async () => {
        const conv = moduleOf("Conv", config, mask === undefined ? null : zeros(mask.shape));
        if (given !== undefined) return conv.apply(zeroVariables(given), zeros(inputShape));
        conv.init(key(0), inputShape);
        return traceProgram(conv, { inputs: [inputShape] });
      }, flax),
  }));
}

function refusedLax(): Case[] {
  return laxRefused.map(({ lhsShape, rhsShape, options, ...flax }) => ({
    name: `lax ${JSON.stringify(options)} on [${lhsShape}], [${rhsShape}]`,
    check: () =>
      refusal(
        () =>
          traceProgram((lhs, rhs) => lax.convGeneralDilated(lhs!, rhs!, options), {
            inputs: [lhsShape, rhsShape],
          }),
        flax,
      ),
  }));
}

/** Every parameter of a tree, in flax's order, bit for bit. */
function initCases(): Case[] {
  return init.map(({ model, seed, inputShape, params }) => ({
    name: `${JSON.stringify(model)} on [${inputShape}], seed ${seed}`,
    check: () => {
      const made = flattenParams(buildModel(model).init(key(seed), inputShape).params);
      const line = (path: string, dtype: string, shape: readonly number[], bits: string): string =>
        `${path} ${dtype}[${shape}] ${bits}`;
      const got = [...made].map(([path, { dtype, shape, data }]) => line(path, dtype, shape, hexBits(data)));
      const wanted = Object.entries(params).map(([path, { dtype = "float32", shape, bits }]) =>
        line(path, dtype, shape, bits),
      );
      return wanted
        .flatMap((line, i) =>
          got[i] === line ? [] : [`is ${got[i]?.slice(0, 80)}…, not ${line.slice(0, 80)}…`],
        )
        .concat(got.slice(wanted.length).map((line) => `has ${line.slice(0, 80)}…, which flax has not`));
    },
  }));
}

/** Initialisers by themselves, in every dtype jax has them in. */
function initializerCases(): Case[] {
  return recorded.initializers.map(({ dtype, seed, shape, bits, first, sha256, ...init }) => ({
    name: `${JSON.stringify(init)} ${dtype}[${shape}], seed ${seed}`,
    check: () => {
      const made = initializerOf(init)(key(seed), shape, dtype);
      const wrong: string[] = [];
      if (made.dtype !== dtype || made.shape.join() !== shape.join())
        wrong.push(`made ${made.dtype}[${made.shape}]`);
      const got = hexBits(made.data.subarray(0, (dtype === "complex64" ? 2 : 1) * (first ? 12 : Infinity)));
      if (got !== (bits ?? first)) wrong.push(`is ${got}, not ${bits ?? first}`);
      if (sha256 !== undefined && createHash("sha256").update(bytesOf(made)).digest("hex") !== sha256)
        wrong.push("not all numbers are flax's");
      return wrong;
    },
  }));
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

suiteTest("flax: Conv", convCases);
suiteTest("flax: Conv refused", refusedConvs);
suiteTest("flax: initial parameters", initCases);
suiteTest("flax: initialisers", initializerCases);
suiteTest("flax: activations", activationCases);
suiteTest("flax: lax.conv_general_dilated", laxCases);
suiteTest("flax: lax.conv_general_dilated refused", refusedLax);
