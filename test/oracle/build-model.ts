/** The module trees that flax.json describes, built from our modules. */

import { Conv, Module, nn, Sequential } from "../../compiler/nn/index.js";
import type { Layer } from "../../compiler/nn/sequential.js";
import type { Initializer } from "../../compiler/random/initializers.js";
import type { Callable } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { RecordedField, RecordedInit, RecordedModel } from "./vectors.js";
import { initializerOf } from "./vectors.js";

export function buildModel(model: RecordedModel): Module {
  switch (model.type) {
    case "Conv": {
      const { type: _, kernelInit, biasInit, ...config } = model;
      return new Conv({
        ...config,
        ...initializer("kernelInit", kernelInit),
        ...initializer("biasInit", biasInit),
      });
    }
    case "Sequential":
      return new Sequential(model.layers.map(buildLayer));
    case "Compact":
      return compact(model.name, model.layers);
    case "Setup":
      return setup(model.name, model.fields);
  }
  return model satisfies never;
}

function initializer(option: string, init: RecordedInit | undefined): Readonly<Record<string, Initializer>> {
  return init === undefined ? {} : { [option]: initializerOf(init) };
}

function buildLayer(layer: RecordedModel | string): Layer {
  return typeof layer === "string" ? activation(layer) : buildModel(layer);
}

function activation(name: string): (x: Traced) => Traced {
  return (nn as unknown as Readonly<Record<string, (x: Traced) => Traced>>)[name]!;
}

const applied = (layer: Layer, x: Traced): Traced =>
  (typeof layer === "function" ? layer(x) : (layer as Callable).call(x as never)) as Traced;

/** A class whose call makes each layer just before it is used. */
function compact(name: string, layers: readonly (RecordedModel | string)[]): Module {
  class Made extends Module {
    static readonly moduleName = name;

    override call(x: Traced): Traced {
      return layers.reduce((value, layer) => applied(buildLayer(layer), value), x);
    }
  }
  return new Made();
}

type Field = Module | readonly Module[] | Readonly<Record<string, Module>>;

/** A class with its layers in fields, applied in order. */
function setup(name: string, fields: Readonly<Record<string, RecordedField>>): Module {
  class Made extends Module {
    static readonly moduleName = name;

    constructor() {
      super();
      for (const [field, model] of Object.entries(fields))
        Object.defineProperty(this, field, { value: buildField(model), enumerable: true });
    }

    override call(x: Traced): Traced {
      const held = this as unknown as Readonly<Record<string, Field>>;
      const layers = Object.keys(fields).flatMap((field): readonly Module[] => {
        const value = held[field]!;
        return value instanceof Module ? [value] : Object.values(value);
      });
      return layers.reduce((value, layer) => applied(layer as unknown as Layer, value), x);
    }
  }
  return new Made();
}

function buildField(field: RecordedField): Field {
  if (Array.isArray(field)) return field.map(buildModel);
  if (isModel(field)) return buildModel(field);
  return Object.fromEntries(
    Object.entries(field).map(([key, model]) => [key, buildModel(model as RecordedModel)]),
  );
}

function isModel(field: RecordedField): field is RecordedModel {
  return "type" in field;
}
