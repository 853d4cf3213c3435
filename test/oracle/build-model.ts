/** The module trees that flax.json describes, built from our modules. */

import { Conv, ConvLocal, ConvTranspose, Module, nn, Sequential } from "../../compiler/nn/index.js";
import type { Layer } from "../../compiler/nn/sequential.js";
import type { Initializer } from "../../compiler/random/initializers.js";
import type { Callable } from "../../compiler/trace.js";
import type { Traced } from "../../compiler/traced.js";
import type { DType } from "../../runtime/tensor.js";
import type { RecordedField, RecordedInit, RecordedModel, RecordedParam } from "./vectors.js";
import { initializerOf } from "./vectors.js";

const convs = { Conv, ConvLocal, ConvTranspose };

export function buildModel(model: RecordedModel): Module {
  switch (model.type) {
    case "Conv":
    case "ConvLocal":
    case "ConvTranspose": {
      const { type, kernelInit, biasInit, ...config } = model;
      return new convs[type]({
        ...config,
        ...initializer("kernelInit", kernelInit),
        ...initializer("biasInit", biasInit),
      });
    }
    case "Sequential": {
      const made: Layer[] = [];
      for (const layer of model.layers) made.push(buildLayer(layer, made, null));
      return new Sequential(made);
    }
    case "Compact":
      return compact(model.name, model.layers);
    case "Setup":
      return setup(model.name, model.fields, model.order ?? Object.keys(model.fields));
  }
  return model satisfies never;
}

function initializer(option: string, init: RecordedInit | undefined): Readonly<Record<string, Initializer>> {
  return init === undefined ? {} : { [option]: initializerOf(init) };
}

/** The next layer after those made; `parent` requests parameters of the module whose call is running. */
function buildLayer(
  layer: RecordedModel | RecordedParam | string,
  made: readonly Layer[],
  parent: RequestParam | null,
): Layer {
  if (typeof layer === "string")
    return layer.startsWith("@") ? made[Number(layer.slice(1))]! : activation(layer);
  if (layer.type !== "Param") return buildModel(layer);
  return (x) => {
    parent!(layer.name, initializerOf(layer.init), layer.shape, layer.dtype ?? "float32");
    return x!;
  };
}

type RequestParam = (name: string, init: Initializer, shape: readonly number[], dtype: DType) => void;

function activation(name: string): (x: Traced) => Traced {
  return (nn as unknown as Readonly<Record<string, (x: Traced) => Traced>>)[name]!;
}

const applied = (layer: Layer, x: Traced): Traced =>
  (typeof layer === "function" ? layer(x) : (layer as Callable).call(x as never)) as Traced;

/** A class whose call makes each layer just before it is used. */
function compact(name: string, layers: readonly (RecordedModel | RecordedParam | string)[]): Module {
  class Made extends Module {
    static readonly moduleName = name;

    override call(x: Traced): Traced {
      const made: Layer[] = [];
      return layers.reduce<Traced>((value, layer) => {
        made.push(buildLayer(layer, made, (...args) => this.param(...args)));
        return applied(made.at(-1)!, value);
      }, x);
    }
  }
  return new Made();
}

type Field = Module | readonly Module[] | Readonly<Record<string, Module>>;

/** A class with its layers in fields, applied in the order given. */
function setup(
  name: string,
  fields: Readonly<Record<string, RecordedField>>,
  order: readonly string[],
): Module {
  class Made extends Module {
    static readonly moduleName = name;

    constructor() {
      super();
      for (const [field, model] of Object.entries(fields))
        Object.defineProperty(this, field, { value: buildField(model), enumerable: true });
    }

    override call(x: Traced): Traced {
      const held = this as unknown as Readonly<Record<string, Field>>;
      const layers = order.flatMap((field): readonly Module[] => {
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
