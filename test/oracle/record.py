"""Records what real flax does, once, into flax.json; the tests compare with it.

    pip install flax
    python record.py

flax.json
  meta         versions the file was recorded with
  cases        [{config, mask?, input, params, output}] Conv applied to an input. `config` can be given to `new Conv(config)` as
               it is; `mask` is a tensor to be added to it as its mask option.
  refused      [{config, mask?, inputShape, inputDtype, given?, error, message}] Conv that flax refuses: Python's exception class and
               the first line of its message. With `given` ({path: shape}, or null for no variables) init is left out and
               apply is called with zeros of those shapes, the paths starting with the collection.
  init         [{model, seed, inputShape, params: {path: {shape, dtype?, bits}}}] initial parameters of module trees: the bit
               pattern of each number in hex digits, 8 for a float32, 4 for the 16-bit floats, two numbers for each complex64;
               dtype is float32 where it is left out. A model is
                 {type: "Conv" | "ConvLocal" | "ConvTranspose", …config, kernelInit?: {name, options?}}
                                                   name as in our `initializers`; zeros and ones are initialisers, the others
                                                   make one
                 {type: "Param", name, shape, init, dtype?}   a parameter of the module whose call this layer is in
                 {type: "Sequential", layers: [model | activation name | "@i"]}   "@i" is the i-th layer once more
                 {type: "Compact", name, layers}   a class of that name whose call applies the layers in order,
                                                   constructing each just before its use
                 {type: "Setup", name, fields: {field: model | [model] | {key: model}}, order?}   applied in order, or in the
                                                   order given, some perhaps twice or never
  initializers [{name, options?, dtype, seed, shape, bits | first and sha256}] initialisers called by themselves; large results
               as the bit patterns of the first 12 numbers and the SHA-256 of all bytes, little-endian
  activations  {x, y: {name: numbers}} gelu is the tanh form, geluExact the erf form
  lax          [{lhs, rhs, options, output}] lax.conv_general_dilated; `options` in our names
  laxRefused   [{lhsShape, rhsShape, options, error, message}]
  random       keys [{seed, key}], split [{seed, count, keys}], foldIn [{seed, data, key}], bits [{seed, count, bits}],
               samples [{sampler, low, high, seed, count, first, sha256}]: bit patterns of the first samples and the SHA-256 of all
               `count` samples, little-endian; parameterKeys [{path, count, key}] for root key(0)

A tensor is {shape, dtype, data}: row-major, float32 as shortest decimals (apply Math.fround), "inf", "-inf" and "nan" as
strings. Everything was computed op by op on CPU with jax_default_matmul_precision=highest.

Checkpoints (msgpack, safetensors, npz) are recorded by record_checkpoints.py, into checkpoints.json.
"""

import functools
import hashlib
import json
import pathlib

import instruction_set  # before jax

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import lax

jax.config.update("jax_default_matmul_precision", "highest")
OUT = pathlib.Path(__file__).parent / "flax.json"
rng = np.random.default_rng(20261122)


# ---- writing numbers and names -------------------------------------------------------------------------------------


def number(value):
    value = np.asarray(value)
    if value.dtype.kind in "iub":
        return int(value)
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else ("inf" if value > 0 else "-inf")
    shortest = float(str(np.float32(value)))
    negative_zero = shortest == 0 and np.signbit(shortest)
    return int(shortest) if shortest.is_integer() and abs(shortest) < 1e6 and not negative_zero else shortest


def tensor(array):
    array = np.asarray(array)
    return {"shape": list(array.shape), "dtype": str(array.dtype), "data": [number(v) for v in array.ravel()]}


def hex_bits(array):
    return "".join(f"{word:08x}" for word in np.asarray(array, np.float32).ravel().view(np.uint32))


def raw_bits(array):
    """Bit patterns of any dtype: two hex digits a byte, most significant first; complex numbers as two floats."""
    array = np.asarray(array).ravel()
    array = array.view(np.float32) if array.dtype.kind == "c" else array
    size = array.dtype.itemsize
    return "".join(f"{word:0{2 * size}x}" for word in array.view(f"u{size}"))


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def plain(value):
    return [plain(v) for v in value] if isinstance(value, (tuple, list)) else value


def in_our_names(options):
    return {camel(name): plain(value) for name, value in options.items()}


# ---- Conv ----------------------------------------------------------------------------------------------------------


def values(shape, dtype="float32"):
    """Numbers of few digits, so that the file stays small."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype == "float32":
        return (rng.integers(-200, 201, shape) / np.float32(100)).astype(np.float32)
    low, high = {"int8": (-128, 128), "uint8": (0, 256), "int32": (-300, 301)}[dtype]
    return rng.integers(low, high, shape).astype(dtype)


def conv_case(input_shape, dtype="float32", mask=None, **options):
    options = {"features": 3, "kernel_size": (3, 2), **options}
    x = values(input_shape, dtype)
    module = nn.Conv(**options, mask=mask, kernel_init=nn.initializers.ones)
    shapes = jax.eval_shape(module.init, jax.random.key(0), x)["params"]
    params = {name: values(leaf.shape) for name, leaf in shapes.items()}
    case = {"config": in_our_names(options)}
    if mask is not None:
        case["mask"] = tensor(mask)
    output = module.apply({"params": jax.tree.map(jnp.asarray, params)}, x)
    return {
        **case,
        "input": tensor(x),
        "params": {name: tensor(value) for name, value in params.items()},
        "output": tensor(output),
    }


def lower_triangle(shape):
    return np.tril(np.ones(shape, np.float32))


def zero_taps(shape, *taps):
    mask = np.ones(shape, np.float32)
    for tap in taps:
        mask[tap] = 0
    return mask


def listed_cases():
    image, line = (1, 5, 6, 2), (2, 7, 2)
    paddings = ["SAME", "VALID", "SAME_LOWER", "same", "CIRCULAR", "REFLECT"]
    paddings += [0, 1, 2, -1, True, (1, 2), (1, (0, 2)), ((0, 1), (2, 0)), ((-1, 2), (1, -1)), [[1, 1], [2, 2]]]
    for padding in paddings:
        yield image, dict(padding=padding)
        yield image, dict(padding=padding, strides=2, kernel_size=(2, 3))
        yield (1, 6, 5, 1), dict(padding=padding, strides=(1, 2), kernel_dilation=(2, 1), features=2, use_bias=False)
    for padding in ["SAME", "VALID", "SAME_LOWER", "CAUSAL", "CIRCULAR", "REFLECT", 2, [(3, 0)], [(-2, 1)]]:
        yield line, dict(padding=padding, kernel_size=(3,))
        yield line, dict(padding=padding, kernel_size=(2,), strides=(3,), kernel_dilation=2)
        if padding != "VALID":
            yield (4, 3), dict(padding=padding, kernel_size=4)  # an int kernel, no batch axis
    for dilation, padding, more in [
        (2, 1, {}),
        (2, 0, dict(strides=2)),
        ((1, 3), ((2, 1), (0, 2)), {}),
        ((2, 1), ((-1, 1), (1, 0)), dict(strides=(1, 2))),
        (3, 2, dict(strides=2, kernel_dilation=2)),
        (2, ((3, 2), (1, 1)), dict(kernel_dilation=(1, 2), strides=(3, 1))),
        (2, -1, {}),
        (None, 1, dict(strides=None, kernel_dilation=None)),
    ]:
        yield (1, 4, 3, 2), dict(input_dilation=dilation, padding=padding, **more)
    yield (1, 5, 2), dict(kernel_size=(3,), input_dilation=(2,), padding=1, kernel_dilation=(2,))
    for channels, groups, features in [(4, 2, 4), (6, 3, 3), (4, 4, 4), (3, 3, 6), (4, 2, 6), (1, 1, 1)]:
        yield (1, 4, 4, channels), dict(features=features, feature_group_count=groups)
    yield (1, 5, 5, 4), dict(features=4, feature_group_count=4, strides=2, kernel_size=(3, 3), padding="CIRCULAR")
    yield (1, 3, 3, 4), dict(features=4, feature_group_count=2, input_dilation=2, padding=1)
    shape = (3, 2, 2, 3)
    yield image, dict(mask=lower_triangle(shape))
    yield image, dict(mask=zero_taps(shape, (0, 0), (2, 1)))
    yield image, dict(mask=np.zeros(shape, np.float32))
    yield image, dict(mask=zero_taps(shape, (1, 0)) * 0.5, padding="CIRCULAR")
    yield image, dict(mask=rng.integers(0, 2, shape).astype(np.int32))
    yield image, dict(mask=rng.integers(0, 2, shape).astype(bool), strides=2)
    yield (1, 4, 4, 4), dict(features=4, feature_group_count=2, mask=lower_triangle((3, 2, 2, 4)))
    yield (1, 7, 2), dict(kernel_size=(3,), mask=lower_triangle((3, 2, 3)), padding="CAUSAL")
    for batch in [(), (2,), (2, 2), (1, 2, 1), (0,), (2, 0)]:
        yield (*batch, 3, 4, 2), dict(features=2)
    yield (2, 2, 4, 2), dict(kernel_size=2, padding="REFLECT")
    yield (2, 3, 4, 2), dict(kernel_size=3)  # an int kernel on an image batch: a convolution along the last spatial axis
    yield (1, 3, 3, 4, 2), dict(kernel_size=(2, 3, 2), features=2)
    yield (1, 3, 4, 3, 2), dict(kernel_size=(2, 2, 2), features=2, strides=(1, 2, 1), padding="CIRCULAR")
    yield (3, 3, 3, 1), dict(kernel_size=(3, 1, 2), features=2, padding="REFLECT")
    yield (1, 4, 3, 3, 1), dict(kernel_size=(2, 2, 2), features=2, kernel_dilation=(2, 1, 2), padding=1)
    yield (1, 3, 2, 2, 2), dict(kernel_size=(2, 2, 2), features=1, input_dilation=(2, 1, 1), padding=((1, 0), (0, 1), (1, 1)))
    yield (1, 2, 3, 2, 3, 1), dict(kernel_size=(2, 2, 1, 2), features=2)
    yield (1, 3, 2, 3, 2, 1), dict(kernel_size=(2, 1, 2, 2), features=1, padding="VALID", strides=(1, 1, 2, 1))
    yield (3, 2), dict(kernel_size=())  # no spatial axes: a Dense
    for dtype in ["int8", "uint8", "int32", "bool"]:
        yield (1, 4, 4, 2), dict(dtype=dtype)
        yield (2, 6, 1), dict(dtype=dtype, kernel_size=(3,), padding="CIRCULAR", strides=2)
    yield (1, 2, 2, 2), dict(kernel_size=(3, 3), padding="VALID")  # window larger than the input: nothing comes out
    yield (1, 4, 2, 1), dict(kernel_size=(2, 3), padding="VALID")
    yield (1, 2, 2, 1), dict(kernel_size=(5, 4), padding="SAME")
    yield (1, 2, 3, 1), dict(kernel_size=(7, 6), padding="CIRCULAR")
    yield (1, 2, 3, 1), dict(kernel_size=(7, 6), padding="REFLECT")
    yield (1, 1, 1, 2), dict(kernel_size=(3, 3), padding="REFLECT")
    yield (1, 2, 2, 1), dict(kernel_size=(2, 2), padding=-1)  # cropped to nothing
    yield (1, 3, 3, 1), dict(kernel_size=(2, 2), padding=((-4, 5), (5, -4)))  # past the end on one side
    yield (1, 0, 3, 2), dict(padding="VALID")
    yield (1, 0, 3, 2), dict(padding="SAME")
    yield (1, 0, 3, 2), dict(padding=2)
    yield (1, 3, 0, 2), dict(kernel_size=(1, 1), padding="CIRCULAR")
    yield (1, 1, 1, 5), dict(kernel_size=(1, 1), features=4)
    yield (1, 3, 3, 5), dict(kernel_size=(1, 1), features=4, strides=2)
    yield (1, 8, 8, 1), dict(kernel_size=(3, 3), features=1, strides=(3, 2), padding="SAME")


def seeded_cases(count):
    pick = lambda *choices: choices[rng.integers(len(choices))]
    made = 0
    while made < count:
        rank = pick(1, 2, 2, 2, 3)
        groups = pick(1, 1, 2)
        each = lambda *choices: tuple(pick(*choices) for _ in range(rank))
        dilated = pick(False, False, True)
        pairs = tuple((pick(-1, 0, 1, 2), pick(-1, 0, 1, 2)) for _ in range(rank))
        options = dict(
            features=groups * pick(1, 2),
            kernel_size=each(1, 2, 3),
            strides=each(1, 2, 3),
            kernel_dilation=each(1, 1, 2),
            feature_group_count=groups,
            use_bias=pick(True, False),
            padding=pairs if dilated else pick("SAME", "VALID", "SAME_LOWER", "CIRCULAR", "REFLECT", pairs),
        )
        if dilated:
            options["input_dilation"] = each(1, 2, 3)
        shape = (*pick((1,), (2,), ()), *each(3, 4, 5 if rank < 3 else 2), groups * pick(1, 2))
        try:
            case = conv_case(shape, **options)
        except ValueError:  # cropped past nothing; the refused list has its own
            continue
        made += 1
        yield case


def refused_convs():
    image = (1, 7, 8, 2)
    for padding in [None, 1.5, (1,), (1, 2, 3), (None, (1, 2)), ((1, 2, 3), (0, 0)), (1, (2, 3), 4), ("SAME", 1)]:
        yield image, dict(padding=padding)
    yield image, dict(padding=((0.5, 1), (0, 0)))
    yield image, dict(padding="FOO")
    yield image, dict(padding="circular")
    yield image, dict(padding="CAUSAL")
    yield (1, 4, 4, 4, 1), dict(padding="CAUSAL", kernel_size=(2, 2, 2))
    yield (1, 7, 2), dict(padding=(2, 3), kernel_size=(3,))
    for padding in ["SAME", "VALID", "CIRCULAR", "REFLECT"]:
        yield image, dict(padding=padding, input_dilation=2)
    yield (1, 7, 2), dict(padding="CAUSAL", input_dilation=2, kernel_size=(3,))
    yield (1, 5, 5, 3), dict(feature_group_count=2, features=4)
    yield (1, 5, 5, 4), dict(feature_group_count=2, features=3)
    yield (1, 5, 5, 4), dict(feature_group_count=0, features=4)
    yield (1, 5, 5, 4), dict(feature_group_count=-1, features=4)
    yield image, dict(features=0)
    yield image, dict(features=-1)
    yield image, dict(features=2.5)
    yield image, dict(kernel_size=(0, 3))
    yield image, dict(kernel_size=(-1, 3))
    yield image, dict(kernel_size=(2.5, 3))
    yield image, dict(kernel_size=2.5)
    yield image, dict(kernel_size=None)
    yield (1, 5, 5, 0), dict()
    yield image, dict(mask=np.ones((3, 2), np.float32))
    yield image, dict(mask=np.ones((3, 2, 2, 1), np.float32))
    yield image, dict(mask=np.ones((2, 3, 2, 3), np.float32))
    yield image, dict(dtype="int32")
    yield image, dict(dtype="bool")
    yield image, dict(precision="bogus")
    for padding in ["SAME", "VALID", 1, "CIRCULAR", "REFLECT"]:
        yield (7, 2), dict(padding=padding)
    yield (2,), dict(padding="CAUSAL", kernel_size=(3,))
    yield (2,), dict(kernel_size=(3,))
    for padding in ["SAME", "VALID"]:
        yield image, dict(strides=(1, 1, 1), padding=padding)
        yield image, dict(strides=(2,), padding=padding)
        yield image, dict(strides=0, padding=padding)
        yield image, dict(strides=-1, padding=padding)
        yield image, dict(strides=(1, 0), padding=padding)
        for dilation in [0, -1, (1, 0), (2,), (1, 1, 2)]:
            yield image, dict(kernel_dilation=dilation, padding=padding)
    for dilation in [0, -1, (2,), (1, 2, 1)]:
        yield image, dict(input_dilation=dilation, padding=1)
    yield image, dict(strides=1.5)
    yield image, dict(kernel_dilation=1.5)
    yield (1, 3, 3, 1), dict(padding=-2)
    yield (1, 3, 3, 1), dict(padding=((-4, 0), (0, 0)))
    yield (1, 0, 3, 2), dict(padding="CIRCULAR")
    yield (1, 0, 3, 2), dict(padding="REFLECT")
    yield (0, 3, 2), dict()
    yield (2, 2, 0, 3, 2), dict()
    yield image, dict(transpose_kernel=True)
    right = {"params/kernel": (3, 2, 2, 3), "params/bias": (3,)}
    yield image, dict(given={**right, "params/kernel": (2, 3, 2, 3)})
    yield image, dict(given={**right, "params/kernel": (3, 2, 2, 4)})
    yield image, dict(given={**right, "params/bias": (1, 3)})
    yield image, dict(given={"params/kernel": (3, 2, 2, 3)})
    yield image, dict(given={"params/bias": (3,)})
    yield image, dict(given={"batch_stats/mean": (3,)})
    yield image, dict(given=None)
    yield image, dict(given={"params/params/kernel": (3, 2, 2, 3), "params/params/bias": (3,)})
    yield (1, 7, 8, 4), dict(given=right)


def record_refusal(shape, options):
    options = {"features": 3, "kernel_size": (3, 2), **options}
    apply_only, given = "given" in options, options.pop("given", None)
    mask = options.get("mask")
    entry = {"config": in_our_names({k: v for k, v in options.items() if k != "mask"})}
    if mask is not None:
        entry["mask"] = {"shape": list(mask.shape), "dtype": str(mask.dtype)}
    entry["inputShape"] = list(shape)
    if apply_only:
        entry["given"] = None if given is None else {path: list(extents) for path, extents in given.items()}
    x = jnp.zeros(shape, jnp.float32)
    try:
        module = nn.Conv(**options)
        if apply_only:
            flat = {} if given is None else {path: jnp.zeros(extents) for path, extents in given.items()}
            module.apply(unflatten_dict(flat, sep="/"), x)
        else:
            module.apply(module.init(jax.random.key(0), x), x)
    except Exception as error:  # whatever class it is, it is what we record
        name = type(error).__name__
        return {**entry, "error": name, "message": str(error).strip().split("\n")[0][:160]}
    raise SystemExit(f"flax accepts {entry}")


# ---- initial parameters --------------------------------------------------------------------------------------------


def conv_model(features, kernel_size, **more):
    return {"type": "Conv", "features": features, "kernelSize": kernel_size, **more}


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def build_init(spec):
    if spec["name"] in ("zeros", "ones"):
        return getattr(nn.initializers, spec["name"])
    options = spec.get("options", {})
    make = getattr(nn.initializers, snake(spec["name"]))
    return make(options) if not isinstance(options, dict) else make(**{snake(k): v for k, v in options.items()})


def build_conv(model):
    options = {snake(k): v for k, v in model.items() if k != "type"}
    for init in ("kernel_init", "bias_init"):
        if init in options:
            options[init] = build_init(options[init])
    return getattr(nn, model["type"])(**options)


def build_layer(layers, made, parent):
    """The next of `layers`, those before it being `made`; `parent` is the module whose call is running."""
    layer = layers[len(made)]
    if isinstance(layer, str):
        return made[int(layer[1:])] if layer.startswith("@") else getattr(nn, layer)
    if layer["type"] == "Param":

        def request(x):
            parent.param(layer["name"], build_init(layer["init"]), tuple(layer["shape"]), layer.get("dtype", "float32"))
            return x

        return request
    return build(layer)


def build(model):
    if model["type"].startswith("Conv"):
        return build_conv(model)
    if model["type"] == "Sequential":
        made = []
        for _ in model["layers"]:
            made.append(build_layer(model["layers"], made, None))
        return nn.Sequential(made)
    if model["type"] == "Compact":

        def call(self, x):
            made = []
            for _ in model["layers"]:
                made.append(build_layer(model["layers"], made, self))
                x = made[-1](x)
            return x

        return type(model["name"], (nn.Module,), {"__call__": nn.compact(call)})()

    def setup(self):
        for name, field in model["fields"].items():
            if isinstance(field, list):
                field = [build(each) for each in field]
            elif "type" not in field:
                field = {key: build(each) for key, each in field.items()}
            else:
                field = build(field)
            setattr(self, name, field)

    def call(self, x):
        for name in model.get("order", model["fields"]):
            field = getattr(self, name)
            several = field if isinstance(field, (list, tuple)) else [field]
            for layer in field.values() if hasattr(field, "values") else several:
                x = layer(x)
        return x

    return type(model["name"], (nn.Module,), {"setup": setup, "__call__": call})()


def with_init(name, options=None, **more):
    init = {"name": name} if options is None else {"name": name, "options": options}
    return conv_model(4, [3], kernelInit=init, **more)


def init_models():
    yield conv_model(4, [3]), 0, [1, 8, 3]
    yield conv_model(3, [2, 2]), 42, [1, 5, 5, 2]
    yield conv_model(2, [2, 1, 2]), 7, [3, 3, 3, 2]
    yield conv_model(4, [3], featureGroupCount=2, useBias=False), 1, [1, 6, 4]
    yield conv_model(4, 3, padding="CIRCULAR"), -1, [6, 2]
    for name in ["lecunNormal", "lecunUniform", "heNormal", "heUniform", "glorotNormal", "glorotUniform"]:
        yield with_init(name), 3, [1, 8, 3]
    for name, options in [
        ("normal", 0.02),
        ("uniform", 0.5),
        ("truncatedNormal", {"stddev": 0.3}),
        ("truncatedNormal", {"stddev": 1.0, "lower": -1.5, "upper": 0.75}),
        ("constant", 0.1),
        ("ones", None),
        ("varianceScaling", {"scale": 0.5, "mode": "fan_out", "distribution": "normal"}),
        ("varianceScaling", {"scale": 3.0, "mode": "fan_geo_avg", "distribution": "uniform"}),
        ("varianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "truncated_normal", "inAxis": [0, 1]}),
        ("varianceScaling", {"scale": 1.0, "mode": "fan_in", "distribution": "normal", "batchAxis": [0]}),
    ]:
        yield with_init(name, options), 5, [1, 8, 3]
    yield conv_model(3, [2], biasInit={"name": "normal", "options": 1.0}), 9, [4, 2]
    small = lambda features=2, **more: conv_model(features, [2, 2], **more)
    shape = [1, 4, 4, 1]
    yield {"type": "Sequential", "layers": [small(), "relu", small(3)]}, 0, shape
    yield {"type": "Compact", "name": "Net", "layers": [small(), "relu", small(), small(1)]}, 0, shape
    yield {"type": "Compact", "name": "Net", "layers": [small(name="stem"), "relu", small()]}, 11, shape
    block = {"type": "Compact", "name": "Block", "layers": [small(), "relu"]}
    yield {"type": "Compact", "name": "Net", "layers": [block, block, small(1)]}, 0, shape
    inner = {"type": "Sequential", "layers": [small(), "relu", small(1)]}
    yield {"type": "Compact", "name": "Net", "layers": [inner, small()]}, 2, shape
    yield {"type": "Sequential", "layers": [block, "silu", inner]}, 2, shape
    fields = {"stem": small(), "blocks": [small(), small(1)], "heads": {"a": small(), "b": small(1)}}
    yield {"type": "Setup", "name": "Net", "fields": fields}, 4, shape
    yield {"type": "Setup", "name": "Net", "fields": {"body": inner, "block": block}}, 4, shape


    yield from more_init_models()


def more_init_models():
    local = lambda features, kernel_size, **more: {**conv_model(features, kernel_size, **more), "type": "ConvLocal"}
    transposed = lambda features, kernel_size, **more: {**conv_model(features, kernel_size, **more), "type": "ConvTranspose"}
    named = lambda name, options=None: {"name": name} if options is None else {"name": name, "options": options}
    scaling = lambda mode, distribution, scale=1.0, **axes: named(
        "varianceScaling", {"scale": scale, "mode": mode, "distribution": distribution, **axes}
    )
    line, image = [1, 6, 3], [1, 4, 5, 2]
    yield local(2, [3]), 0, line
    yield local(2, [2, 3], padding="VALID", strides=2), 3, image
    yield local(3, [2], useBias=False, kernelInit=named("heUniform")), 8, line
    yield local(2, [3], kernelInit=scaling("fan_in", "truncated_normal", batchAxis=[0])), 8, line
    yield local(2, [2], biasInit=named("glorotNormal")), 8, line
    yield transposed(2, [3]), 0, line
    yield transposed(3, [2, 3], strides=[2, 1]), 6, image
    yield transposed(3, [2, 2], transposeKernel=True), 6, image
    yield transposed(5, [2], transposeKernel=True, kernelInit=scaling("fan_out", "normal", 2.0)), 6, line
    yield transposed(5, [2], transposeKernel=True, kernelInit=named("lecunUniform", {"inAxis": -1, "outAxis": -2})), 6, line
    for mode in ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]:
        for distribution in ["truncated_normal", "normal", "uniform"]:
            init = scaling(mode, distribution, 1.7)
            yield conv_model(5, [3], kernelInit=init, biasInit=named("uniform")), 12, line
    for dtype in ["bfloat16", "float16", "complex64"]:
        yield conv_model(4, [3], paramDtype=dtype), 0, line
        yield conv_model(3, [2, 2], paramDtype=dtype, kernelInit=named("glorotUniform"), biasInit=named("normal")), 21, image
        yield local(2, [3], paramDtype=dtype), 4, line
        yield transposed(2, [3], paramDtype=dtype, transposeKernel=True), 4, line
        mixed = [conv_model(2, [2], paramDtype=dtype), "relu", conv_model(2, [2])]
        yield {"type": "Compact", "name": "Mixed", "layers": mixed}, 4, line
    for dtype in ["bfloat16", "float16"]:
        inits = named("truncatedNormal", {"stddev": 0.1, "lower": -1.0, "upper": 3.0}), named("constant", 0.1)
        yield conv_model(3, [2], paramDtype=dtype, kernelInit=inits[0], biasInit=inits[1]), 13, line

    small = lambda features=2, **more: conv_model(features, [2], **more)
    compact = lambda name, *layers: {"type": "Compact", "name": name, "layers": list(layers)}
    sequential = lambda *layers: {"type": "Sequential", "layers": list(layers)}
    setup = lambda name, order=None, **fields: {
        **{"type": "Setup", "name": name, "fields": fields},
        **({} if order is None else {"order": order}),
    }
    scale = lambda name, init=named("ones"), **more: {"type": "Param", "name": name, "shape": [3, 2], "init": init, **more}
    # The same layer twice, under every way of holding one.
    yield sequential(small(3), "tanh", "@0"), 1, line
    yield compact("Net", small(3), "relu", "@0", small(2)), 1, line
    yield compact("Net", compact("Block", small(3), "relu"), "@0", small(2)), 1, line
    yield setup("Net", ["body", "head", "body"], body=small(3), head=small(3)), 1, line
    # A field no one calls makes no parameters; fields called out of order keep their names and keys.
    yield setup("Net", ["second"], first=small(), second=small()), 1, line
    yield setup("Net", ["c", "a", "b"], a=small(), b=small(3), c=small(4)), 1, line
    # Parameters of a module's own, before, between and after its layers: the scope's counter is not the layers'.
    yield compact("Net", scale("first", named("normal", 1.0)), small(), scale("last", named("lecunNormal"))), 2, line
    yield compact("Net", *[scale(f"p{i}", named("uniform", 1.0)) for i in range(5)], small()), 2, line
    yield compact("Outer", compact("Inner", scale("a", named("heNormal")), small()), scale("b", named("heNormal"))), 2, line
    yield compact("Net", scale("half", named("normal", 1.0), dtype="bfloat16"), small()), 2, line
    yield compact("Net", scale("wave", named("glorotNormal"), dtype="complex64"), small()), 2, line
    # Names: given, mixed with automatic ones, and not ASCII.
    yield compact("Net", small(name="b"), small(), small(name="a"), small(name="Conv_9")), 5, line
    yield compact("Net", small(name="größe"), small(name="层")), 5, line
    yield sequential(small(name="stem"), "relu", small()), 5, line
    # Trees: sequences in sequences, in fields, lists and records; modules of every kind in one another.
    yield sequential(sequential(small(), "relu", sequential(small())), "silu", small()), 7, line
    yield compact("Net", sequential(sequential(small(), small(3)), "relu"), compact("Net", small())), 7, line
    block = compact("Block", small(3, kernelInit=named("heNormal")), "relu", small(3, useBias=False))
    yield setup("Net", blocks=[block, block, small()], heads={"x": block, "y": sequential(small(), small())}), 7, line
    yield setup("Net", inner=setup("Inner", conv=small(), list=[small(3)]), outer=compact("Net", block)), 7, line
    deep = small(3)
    for depth in range(6):
        deep = compact(f"Level{depth}", deep, "relu")
    yield deep, 7, line
    yield compact("Many", *[small(1) for _ in range(12)]), 7, line
    every = [small(4), local(3, [2], padding="VALID"), transposed(2, [3], strides=[2])]
    yield compact("Every", *every), 7, line
    yield sequential(*every), 7, line
    yield setup("Every", a=every[0], b=[every[1]], c={"up": every[2]}), 7, line
    yield sequential(compact("Block", *every), "relu", sequential(every[0], every[0])), 2**32 - 1, line


def record_init(model, seed, shape):
    params = build(model).init(jax.random.key(seed), jnp.zeros(shape))["params"]
    flat = flatten_dict(params, sep="/")
    return {
        "model": model,
        "seed": seed,
        "inputShape": shape,
        "params": {path: recorded_bits(leaf) for path, leaf in flat.items()},
    }


def recorded_bits(leaf):
    dtype = {} if leaf.dtype == jnp.float32 else {"dtype": leaf.dtype.name}
    return {"shape": list(leaf.shape), **dtype, "bits": raw_bits(leaf)}


def initializer_calls():
    """(name, options, dtype, seed, shape)."""
    named = [f"{kind}{shape}" for kind in ["lecun", "he", "glorot"] for shape in ["Normal", "Uniform"]]
    modes, distributions = ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"], ["truncated_normal", "normal", "uniform"]
    for dtype in ["float32", "float16", "bfloat16", "complex64"]:
        for name in named:
            yield name, {}, dtype, 1, (3, 2, 3)
            yield name, {}, dtype, 2, (64, 32, 128)
        for mode in modes:
            for distribution in distributions:
                options = {"scale": 0.7, "mode": mode, "distribution": distribution}
                yield "varianceScaling", options, dtype, 3, (2, 3, 5)
                yield "varianceScaling", {**options, "inAxis": [0, 1], "outAxis": [2, 3]}, dtype, 3, (2, 1, 3, 2)
                yield "varianceScaling", {**options, "inAxis": 0, "outAxis": -2, "batchAxis": -1}, dtype, 3, (3, 2, 2)
        for options in [0.02, {}, {"stddev": 3.3}, 1e-5]:
            yield "normal", options, dtype, 4, (7,)
        yield "normal", 1.0, dtype, 5, (1 << 18,)
        for value in [0.1, -3.75, 1e-6, -0.0]:
            yield "constant", value, dtype, 0, (2,)
        for name in ["zeros", "ones"]:
            yield name, None, dtype, 0, (2, 1)
    for dtype in ["float32", "float16", "bfloat16"]:
        for options in [0.5, {}, {"scale": -7.3}]:
            yield "uniform", options, dtype, 6, (7,)
        yield "uniform", 1.0, dtype, 6, (1 << 18,)
        for lower, upper in [(-2, 2), (-1.5, 0.75), (0, 5), (-5, 0), (0, 0), (-1, -1), (0.3, 0.4), (2, -2), (3.5, 9)]:
            options = {"stddev": 1.0, "lower": lower, "upper": upper}
            yield "truncatedNormal", options, dtype, 7, (9,)
            yield "truncatedNormal", options, dtype, 8, (1 << 18,)
        yield "truncatedNormal", 0.3, dtype, 7, (9,)
    for dtype in ["int32", "uint32", "int8", "uint8", "bool"]:
        for value in [2.7, -2.7, 2.5, 300.0, 1e20, 0.0, 0.3]:
            yield "constant", value, dtype, 0, (2,)
        for name in ["zeros", "ones"]:
            yield name, None, dtype, 0, (2,)


def record_initializer(name, options, dtype, seed, shape):
    spec = {"name": name} if options is None else {"name": name, "options": options}
    made = np.asarray(build_init(spec)(jax.random.key(seed), shape, dtype))
    entry = {**spec, "dtype": dtype, "seed": seed, "shape": list(shape)}
    if made.size <= 40:
        return {**entry, "bits": raw_bits(made)}
    return {**entry, "first": raw_bits(made.ravel()[:12]), "sha256": hashlib.sha256(made.tobytes()).hexdigest()}


# ---- activations ---------------------------------------------------------------------------------------------------


def record_activations():
    points = np.concatenate([np.linspace(-12, 12, 65), rng.normal(0, 2, 24).round(3)])
    special = [-0.0, np.inf, -np.inf, np.nan, 1e-38, -1e-38, 1e-5, -1e-5, 88.8, -88.8, 104, -104, 3, -3, 6, 1, -1]
    x = np.concatenate([points, special]).astype(np.float32)
    names = "relu relu6 sigmoid tanh silu gelu leaky_relu elu celu selu softplus log_sigmoid hard_sigmoid hard_swish"
    functions = {name: getattr(nn, name) for name in f"{names} hard_tanh soft_sign".split()}
    for name in ["mish", "squareplus", "sparse_plus"]:
        functions[name] = getattr(jax.nn, name)
    functions["gelu_exact"] = functools.partial(nn.gelu, approximate=False)
    y = {camel(name): [number(v) for v in np.asarray(function(jnp.asarray(x)))] for name, function in functions.items()}
    return {"x": [number(v) for v in x], "y": y}


# ---- lax -----------------------------------------------------------------------------------------------------------


def lax_calls():
    """(size per letter of lhs, size per letter of rhs, options); H, W, D, 0… are spatial."""
    nhwc, nchw = ("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW")
    a = dict(N=2, H=5, W=4, C=3), dict(H=3, W=2, I=3, O=2)
    one, many = dict(window_strides=(1, 1)), dict(window_strides=(2, 1), rhs_dilation=(1, 2))
    for dims in [nhwc, nchw, ("HWNC", "HWIO", "HWNC"), ("CNHW", "IOHW", "CNHW"), ("NCWH", "WOHI", "HWCN")]:
        yield *a, dict(**one, padding="SAME", dimension_numbers=dims)
        yield *a, dict(**many, padding=((1, 0), (2, 1)), dimension_numbers=dims)
    yield *a, dict(**one, padding="VALID")  # no dimension numbers: NCHW, OIHW, NCHW
    yield *a, dict(window_strides=(1, 2), padding="same_lower", dimension_numbers=("WHCN", "OHWI", "CWHN"))
    yield *a, dict(
        window_strides=(2, 3),
        padding=((2, -1), (0, 3)),
        lhs_dilation=(2, 3),
        rhs_dilation=(3, 2),
        dimension_numbers=("HNCW", "IHOW", "WNHC"),
    )
    yield *a, dict(**one, padding=((1, 1), (1, 1)), lhs_dilation=(1, 2), dimension_numbers=nhwc)
    yield *a, dict(**one, padding=((-1, 0), (0, -1)), dimension_numbers=nchw)
    grouped = dict(N=2, H=4, W=3, C=4), dict(H=2, W=2, I=2, O=4)
    yield *grouped, dict(**one, padding="SAME", dimension_numbers=nhwc, feature_group_count=2)
    yield *grouped, dict(**many, padding="VALID", dimension_numbers=("CHWN", "OHWI", "HWCN"), feature_group_count=2)
    yield dict(N=1, H=4, W=3, C=3), dict(H=2, W=2, I=1, O=6), dict(
        **one, padding="SAME", dimension_numbers=nchw, feature_group_count=3, lhs_dilation=(1, 1)
    )
    batches = dict(N=4, H=4, W=3, C=2), dict(H=2, W=2, I=2, O=4)
    yield *batches, dict(**one, padding="SAME", dimension_numbers=nhwc, batch_group_count=2)
    yield *batches, dict(**one, padding="VALID", dimension_numbers=nchw, batch_group_count=4)
    yield *batches, dict(
        window_strides=(2, 2),
        padding=((1, 2), (0, 1)),
        lhs_dilation=(2, 1),
        rhs_dilation=(1, 2),
        dimension_numbers=("CNHW", "IHWO", "NHWC"),
        batch_group_count=2,
    )
    yield dict(N=2, W=6, C=2), dict(W=3, I=2, O=3), dict(
        window_strides=(2,), padding="SAME", dimension_numbers=("NWC", "WIO", "NWC")
    )
    yield dict(N=1, W=4, C=2), dict(W=2, I=2, O=3), dict(
        window_strides=(1,), padding=((1, 1),), lhs_dilation=(3,), dimension_numbers=("CNW", "OWI", "WNC")
    )
    yield dict(N=1, D=3, H=3, W=2, C=2), dict(D=2, H=2, W=2, I=2, O=2), dict(
        window_strides=(1, 2, 1), padding="SAME", dimension_numbers=("NDHWC", "DHWIO", "NDHWC")
    )
    yield dict(N=1, D=2, H=3, W=2, C=2), dict(D=2, H=2, W=1, I=2, O=2), dict(
        window_strides=(1, 1, 1), padding=((1, 0), (0, 1), (1, 1)), lhs_dilation=(2, 1, 1),
        dimension_numbers=("HWNCD", "WHIDO", "DCHNW"),
    )
    yield dict(N=2, C=3), dict(I=3, O=2), dict(window_strides=(), padding=(), dimension_numbers=("NC", "OI", "NC"))


def shape_of(sizes, layout):
    return tuple(sizes[letter] for letter in layout)


def record_lax(lhs_sizes, rhs_sizes, options):
    rank = len(lhs_sizes) - 2
    spatial = "".join(letter for letter in lhs_sizes if letter not in "NC")
    lhs_layout, rhs_layout, _ = options.get("dimension_numbers", ("NC" + spatial, "OI" + spatial, ""))
    assert len(options["window_strides"]) == rank
    lhs, rhs = values(shape_of(lhs_sizes, lhs_layout)), values(shape_of(rhs_sizes, rhs_layout))
    output = lax.conv_general_dilated(lhs, rhs, **options)
    return {"lhs": tensor(lhs), "rhs": tensor(rhs), "options": in_our_names(options), "output": tensor(output)}


def refused_lax_calls():
    lhs, rhs = (2, 5, 5, 4), (3, 3, 4, 6)
    base = dict(window_strides=(1, 1), padding="VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    for more in [
        dict(padding="SAME", lhs_dilation=(2, 1)),
        dict(padding="FOO"),
        dict(padding=1),
        dict(padding=(1, 1)),
        dict(padding=((1, 1),)),
        dict(padding=((1, 1), (1, 1), (1, 1))),
        dict(padding=((-9, 0), (0, 0))),
        dict(precision="bogus"),
        dict(feature_group_count=0),
        dict(feature_group_count=3),
        dict(feature_group_count=2),
        dict(batch_group_count=0),
        dict(batch_group_count=3),
        dict(batch_group_count=4),
        dict(window_strides=(1,)),
        dict(window_strides=(1, 1, 1)),
        dict(window_strides=(0, 1)),
        dict(rhs_dilation=(0, 1)),
        dict(lhs_dilation=(1, -1)),
        dict(rhs_dilation=(1,)),
        dict(dimension_numbers=("NHWC", "HWIO")),
        dict(dimension_numbers=("NHWC", "HWIO", "NHWN")),
        dict(dimension_numbers=("NHWC", "HWIX", "NHWC")),
        dict(dimension_numbers=("NHWC", "HWI", "NHWC")),
        dict(dimension_numbers=("NHWC", "HDIO", "NHWC")),
        dict(dimension_numbers=("NHWC", 3, "NHWC")),
    ]:
        yield lhs, rhs, {**base, **more}
    yield lhs, (3, 4, 6), base
    yield (2, 5, 5, 3), rhs, base
    yield (4, 5, 5, 4), (3, 3, 2, 6), {**base, "feature_group_count": 2, "batch_group_count": 2}
    yield (2, 5, 5, 4), (3, 3, 2, 5), {**base, "feature_group_count": 2}
    yield (2, 5, 5, 4), (3, 3, 4, 5), {**base, "batch_group_count": 2}


def record_lax_refusal(lhs, rhs, options):
    entry = {"lhsShape": list(lhs), "rhsShape": list(rhs), "options": in_our_names(options)}
    try:
        lax.conv_general_dilated(jnp.zeros(lhs), jnp.zeros(rhs), **options)
    except Exception as error:  # whatever class it is, it is what we record
        return {**entry, "error": type(error).__name__, "message": str(error).strip().split("\n")[0][:160]}
    raise SystemExit(f"lax accepts {entry}")


# ---- random numbers ------------------------------------------------------------------------------------------------


def record_random():
    data = lambda key: [int(word) for word in np.asarray(jax.random.key_data(key)).ravel()]
    pairs = lambda keys: [[int(word) for word in pair] for pair in np.asarray(jax.random.key_data(keys))]
    key = jax.random.key
    samples = []
    for sampler, low, high, seed in [
        ("uniform", 0, 1, 1),
        ("uniform", -1, 1, 2),
        ("uniform", -0.3, 2.7, 3),
        ("normal", None, None, 4),
        ("truncatedNormal", -2, 2, 5),
        ("truncatedNormal", -1.5, 0.75, 6),
        ("truncatedNormal", 0, 5, 7),
    ]:
        count = 1 << 18
        bounds = () if low is None else (low, high)
        draw = {
            "uniform": lambda: jax.random.uniform(key(seed), (count,), jnp.float32, *bounds),
            "normal": lambda: jax.random.normal(key(seed), (count,)),
            "truncatedNormal": lambda: jax.random.truncated_normal(key(seed), *bounds, (count,)),
        }[sampler]
        drawn = np.asarray(draw())
        samples.append(
            {
                "sampler": sampler,
                "low": low,
                "high": high,
                "seed": seed,
                "count": count,
                "first": hex_bits(drawn[:12]),
                "sha256": hashlib.sha256(drawn.astype("<f4").tobytes()).hexdigest(),
            }
        )
    fold = flax.core.scope._fold_in_static
    paths = [[], ["Conv_0"], ["Conv_1"], ["layers_2"], ["Block_0", "Conv_0"], ["encoder", "blocks_11", "Conv_0"], ["größe"]]
    return {
        "keys": [{"seed": s, "key": data(key(s))} for s in [0, 1, 42, -1, -2, 2**31 + 99, -(2**31) - 100, 2**32 + 5]],
        "split": [{"seed": s, "count": n, "keys": pairs(jax.random.split(key(s), n))} for s, n in [(0, 2), (0, 3), (42, 5)]],
        "foldIn": [
            {"seed": s, "data": d, "key": data(jax.random.fold_in(key(s), d))}
            for s, d in [(0, 0), (0, 1), (0, 4), (42, 7), (3, 2**32 - 1)]
        ],
        "bits": [
            {"seed": s, "count": n, "bits": [int(b) for b in jax.random.bits(key(s), (n,))]}
            for s, n in [(42, 4), (42, 5), (1701, 3), (0, 9)]
        ],
        "samples": samples,
        "parameterKeys": [
            {"path": path, "count": n, "key": data(fold(key(0), (*path, n)))} for path in paths for n in (1, 2, 300)
        ],
    }


# ---- the file ------------------------------------------------------------------------------------------------------


def lines(items):
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in items) + "\n]"


def main():
    cases = []
    for shape, options in listed_cases():
        dtype = options.pop("dtype", "float32")
        mask = options.pop("mask", None)
        cases.append(conv_case(shape, dtype, mask, **options))
    cases += seeded_cases(30)
    sections = {
        "cases": lines(cases),
        "refused": lines(record_refusal(*call) for call in refused_convs()),
        "init": lines(record_init(*model) for model in init_models()),
        "initializers": lines(record_initializer(*call) for call in initializer_calls()),
        "activations": json.dumps(record_activations(), separators=(",", ":")),
        "lax": lines(record_lax(*call) for call in lax_calls()),
        "laxRefused": lines(record_lax_refusal(*call) for call in refused_lax_calls()),
        "random": json.dumps(record_random(), separators=(",", ":"), ensure_ascii=False),
    }
    meta = {"flax": flax.__version__, "jax": jax.__version__, "note": "made by record.py, which documents the format"}
    body = ",\n".join(f'"{name}":{text}' for name, text in {"meta": json.dumps(meta), **sections}.items())
    OUT.write_text("{" + body + "}\n")
    print(OUT.stat().st_size, "bytes;", len(cases), "cases")


if __name__ == "__main__":
    main()
