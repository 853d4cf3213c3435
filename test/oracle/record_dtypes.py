"""Records what flax computes in 16-bit and complex dtypes, once, into dtypes.json; the tests compare with it.

    pip install flax
    python record_dtypes.py

dtypes.json
  meta         versions the file was recorded with
  cases        [{module, config, activation?, mask?, input, params, output}] a module applied to an input, followed by an
               activation; `config` can be given to our class as it is, and `params` have the dtypes they are given with
  refused      [{module, config, inputDtype, error}] dtypes that flax refuses
  arguments    {dtype: bits} what the functions below are applied to
  activations  [{name, options?, dtype, y}] flax's functions; `options` are ours
  lax          [{name, dtype, second?, y}] jax's elementwise functions; the second argument is a number of the dtype, or
               (null) the arguments from last to first
  conv         [{options, lhs, rhs, output}] lax.conv_general_dilated, `options` in our names

A tensor is {shape, dtype, data}: row-major; 16-bit floats are 4 hex digits each, in one string (bits); other numbers as
record.py writes them, complex64 as pairs. Everything was computed op by op on CPU.
"""

import json
import pathlib
import warnings

import instruction_set  # before jax

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import record
from record import camel, lines, number, plain

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).parent / "dtypes.json"
rng = np.random.default_rng(20261124)
HALVES = ["float16", "bfloat16"]


# ---- values --------------------------------------------------------------------------------------------------------


def values(shape, dtype="float32"):
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in ("int32", "uint8", "int8"):
        return rng.integers(0 if dtype == "uint8" else -9, 10, shape).astype(dtype)
    if dtype == "complex64":
        return (values(shape) + 1j * values(shape)).astype(np.complex64)
    numbers = (rng.integers(-2000, 2001, shape) / np.float32(1000)).astype(np.float32)
    return numbers.astype(np.dtype(getattr(jnp, dtype)))


def bits(array):
    return "".join(f"{word:04x}" for word in np.asarray(array).ravel().view(np.uint16))


def tensor(array):
    array = np.asarray(array)
    if str(array.dtype) in HALVES:
        data = bits(array)
    elif array.dtype == np.complex64:
        data = [number(v) for v in np.ascontiguousarray(array).ravel().view(np.float32)]
    else:
        data = [number(v) for v in array.ravel()]
    return {"shape": list(array.shape), "dtype": str(array.dtype), "data": data}


def in_our_names(options):
    return {camel(name): plain(value) for name, value in options.items()}


def for_jax(options):
    dtypes = ("dtype", "param_dtype", "preferred_element_type")
    return {name: getattr(jnp, value) if name in dtypes and value is not None else value for name, value in options.items()}


# ---- modules -------------------------------------------------------------------------------------------------------


def case(input_shape, input_dtype, module="Conv", mask=None, given=None, activation=None, **options):
    """`given` are the dtypes of the parameters where they are not what the module would make."""
    options = {"features": 3, "kernel_size": (3, 2), **options}
    x = values(input_shape, input_dtype)
    layer = getattr(nn, module)(**for_jax(options), mask=mask, kernel_init=nn.initializers.ones)
    shapes = jax.eval_shape(layer.init, jax.random.key(0), x)["params"]
    params = {name: values(leaf.shape, (given or {}).get(name, str(leaf.dtype))) for name, leaf in shapes.items()}
    output = layer.apply({"params": jax.tree.map(jnp.asarray, params)}, x)
    entry = {"module": module, "config": in_our_names(options)}
    if activation is not None:
        output = getattr(nn, activation)(output)
        entry["activation"] = camel(activation)
    if mask is not None:
        entry["mask"] = tensor(mask)
    tensors = {name: tensor(value) for name, value in params.items()}
    return {**entry, "input": tensor(x), "params": tensors, "output": tensor(output)}


def half_cases(dtype):
    image, line = (1, 5, 5, 4), (2, 7, 3)
    other = HALVES[1 - HALVES.index(dtype)]
    own = dict(param_dtype=dtype)
    # Which dtype everything is converted to.
    yield image, dtype, own
    yield image, "float32", dict(dtype=dtype)
    yield image, dtype, {}
    yield image, dtype, dict(dtype="float32", **own)
    yield image, "float32", own
    yield image, other, own
    yield image, other, dict(dtype=dtype)
    yield image, "int32", own
    yield image, "uint8", own
    yield image, "bool", dict(dtype=dtype)
    for given in [dict(kernel=dtype), dict(bias=dtype), dict(kernel=dtype, bias=dtype), dict(kernel="int32", bias=dtype)]:
        yield line, dtype, dict(kernel_size=(3,), given=given)
    for mask in ["bool", dtype, "float32", other, "int32"]:
        yield line, dtype, dict(kernel_size=(3,), mask=values((3, 3, 3), mask), **own)
    yield line, "float32", dict(kernel_size=(3,), mask=values((3, 3, 3)), dtype=dtype)
    # Options.
    for options in [
        dict(strides=2), dict(padding="VALID", kernel_dilation=2), dict(padding="CIRCULAR"), dict(padding="REFLECT", strides=(2, 1)),
        dict(feature_group_count=2, features=4), dict(feature_group_count=4, features=8), dict(use_bias=False),
        dict(input_dilation=2, padding=1), dict(kernel_size=(1, 1), features=17), dict(kernel_size=(5, 5), features=8, padding=2),
        dict(padding=-1), dict(kernel_size=(5, 5), padding="VALID"),
    ]:  # fmt: skip
        yield image, dtype, {**own, **options}
    yield line, dtype, dict(kernel_size=(3,), padding="CAUSAL", kernel_dilation=2, **own)
    yield (7, 3), dtype, dict(kernel_size=(3,), **own)
    yield (2, 2, 6, 3), dtype, dict(kernel_size=3, **own)
    yield (1, 3, 4, 5, 2), dtype, dict(kernel_size=(2, 3, 2), **own)
    yield (1, 7, 7, 12), dtype, dict(kernel_size=(3, 3), features=12, **own)
    # Siblings.
    for options in [
        {}, dict(strides=2), dict(strides=(2, 3), padding="VALID"), dict(padding="CIRCULAR"), dict(padding="CIRCULAR", strides=2),
        dict(padding="CIRCULAR", strides=2, kernel_size=(5, 4), transpose_kernel=True), dict(strides=2, transpose_kernel=True),
        dict(preferred_element_type="float32"), dict(padding="CIRCULAR", kernel_size=(9, 2), strides=(2, 1)),
    ]:  # fmt: skip
        yield (1, 4, 3, 4), dtype, dict(module="ConvTranspose", **{**own, **options})
    yield (1, 4, 3, 4), "float32", dict(module="ConvTranspose", dtype=dtype, strides=2)
    for options in [{}, dict(strides=2, padding="VALID"), dict(padding="CIRCULAR"), dict(kernel_dilation=2, padding=1)]:
        yield (1, 5, 4, 3), dtype, dict(module="ConvLocal", **own, **options)
    yield (1, 5, 4, 3), "float32", dict(module="ConvLocal", dtype=dtype)
    for activation in ["relu", "gelu", "silu", "tanh", "elu", "hard_silu", "log_sigmoid", "selu"]:
        yield image, dtype, dict(activation=activation, **own)


def complex_cases():
    image, line, pairs = (1, 4, 4, 2), (2, 5, 3), dict(param_dtype="complex64")
    yield image, "complex64", {}
    yield image, "complex64", pairs
    yield image, "float32", pairs
    yield image, "float32", dict(dtype="complex64")
    for dtype in ["int32", "bfloat16", "float16"]:
        yield line, dtype, dict(kernel_size=(3,), **pairs)
    yield line, "complex64", dict(kernel_size=(3,), param_dtype="bfloat16")
    yield line, "complex64", dict(kernel_size=(3,), dtype="float32")
    yield line, "complex64", dict(kernel_size=(3,), dtype="bfloat16", **pairs)
    for given in [dict(kernel="complex64"), dict(bias="complex64"), dict(kernel="bfloat16", bias="complex64")]:
        yield line, "float32", dict(kernel_size=(3,), given=given)
    for mask in ["bool", "float32", "complex64"]:
        yield line, "complex64", dict(kernel_size=(3,), mask=values((3, 3, 3), mask), **pairs)
    yield line, "float32", dict(kernel_size=(3,), mask=values((3, 3, 3), "complex64"))
    for options in [
        dict(strides=2, padding="CIRCULAR"), dict(padding="REFLECT", kernel_dilation=2), dict(feature_group_count=2, features=4),
        dict(use_bias=False, padding=1, input_dilation=2), dict(padding=-1),
    ]:  # fmt: skip
        yield image, "complex64", {**pairs, **options}
    yield line, "complex64", dict(kernel_size=(3,), padding="CAUSAL", **pairs)
    yield (6, 3), "complex64", dict(kernel_size=(3,), **pairs)
    for options in [dict(strides=2), dict(padding="CIRCULAR", strides=2), dict(transpose_kernel=True, padding="VALID")]:
        yield (1, 4, 3, 2), "complex64", dict(module="ConvTranspose", **pairs, **options)
    yield (1, 4, 3, 2), "complex64", dict(module="ConvLocal", strides=2, **pairs)
    for activation in ["relu", "relu6", "hard_tanh", "leaky_relu", "hard_sigmoid", "hard_silu"]:
        yield line, "complex64", dict(kernel_size=(3,), activation=activation)


def refusals():
    yield dict(dtype="int32"), "float32"
    yield dict(dtype="bool"), "float32"
    yield dict(param_dtype="int32"), "bfloat16"
    yield dict(module="ConvTranspose", preferred_element_type="bfloat16"), "float32"
    yield dict(module="ConvTranspose", preferred_element_type="int32"), "bfloat16"
    yield dict(module="ConvTranspose", preferred_element_type="float32", dtype="complex64"), "float32"


def refusal(options, input_dtype):
    module, *_ = [options.pop("module", "Conv")]
    options = {"features": 2, "kernel_size": (2,), **options}
    entry = {"module": module, "config": in_our_names(options), "inputDtype": input_dtype}
    try:
        getattr(nn, module)(**for_jax(options)).init(jax.random.key(0), values((1, 4, 2), input_dtype))
    except Exception as error:  # whatever class it is, it is what we record
        return {**entry, "error": type(error).__name__, "message": str(error).strip().split("\n")[0][:160]}
    raise SystemExit(f"flax accepts {entry}")


# ---- functions -----------------------------------------------------------------------------------------------------


def arguments(dtype, count=250):
    """Any patterns, but mostly numbers of moderate size; no subnormal bfloat16, which jax on CPU takes for zero."""
    spread = (rng.normal(size=count) * 10.0 ** rng.uniform(-3, 1.3, count)).astype(np.float32)
    special = np.array([0, -0.0, 1, -1, 0.5, 3, -3, 6, 20, -20, 88, -88, np.inf, -np.inf, np.nan], np.float32)
    numbers = np.concatenate([special, spread]).astype(np.dtype(getattr(jnp, dtype)))
    if dtype == "float16":
        tail = np.arange(0, 0x8000, 513, dtype=np.uint16)
        numbers = np.concatenate([numbers, tail.view(np.float16), (tail | 0x8000).view(np.float16)])
    return numbers


ACTIVATIONS = {
    **{name: ({}, {}) for name in ["relu", "relu6", "sigmoid", "tanh", "silu", "gelu", "leaky_relu", "elu", "celu", "selu", "softplus",
       "log_sigmoid", "hard_sigmoid", "hard_silu", "hard_tanh", "soft_sign", "mish", "squareplus", "sparse_plus"]},
    "gelu exact": (dict(approximate=False), dict(approximate=False)),
    "leaky_relu steep": (dict(negative_slope=0.2), dict(negativeSlope=0.2)),
    "elu small": (dict(alpha=0.3), dict(alpha=0.3)),
    "celu large": (dict(alpha=1.7), dict(alpha=1.7)),
    "squareplus sharp": (dict(b=2), dict(b=2)),
}  # fmt: skip
UNARY = ["neg", "abs", "floor", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "tanh", "erf", "erfc", "logistic"]
BINARY = ["add", "sub", "mul", "div", "max", "min"]


def activations(dtype, x):
    for title, (options, ours) in ACTIVATIONS.items():
        name = title.split(" ")[0]
        y = (getattr(nn, name, None) or getattr(jax.nn, name))(jnp.asarray(x), **options)
        yield {"name": camel(name), "dtype": dtype, **({"options": ours} if ours else {}), "y": bits(y)}


def elementwise(dtype, x):
    for name in UNARY:
        yield {"name": name, "dtype": dtype, "y": bits(getattr(lax, name)(jnp.asarray(x)))}
    for name in BINARY:
        for second in [None, 0.3]:
            other = np.flip(x) if second is None else np.asarray(second).astype(x.dtype)
            y = getattr(lax, name)(jnp.asarray(x), jnp.asarray(other))
            yield {"name": name, "dtype": dtype, "second": second, "y": bits(y)}


def calls():
    for dtype in [*HALVES, "complex64"]:
        for options in [{}, dict(preferred_element_type="float32"), dict(batch_group_count=2), dict(lhs_dilation=(2, 1), padding=((1, 2), (0, 1)))]:
            if dtype == "complex64" and "preferred_element_type" in options:
                continue
            options = {"window_strides": (1, 2), "padding": "VALID", **options}
            inputs = 2 if "batch_group_count" in options else 4
            lhs, rhs = values((2, 4, 4, 5), dtype), values((4, 4, 3, 2), dtype)
            output = lax.conv_general_dilated(jnp.asarray(lhs), jnp.asarray(rhs), **for_jax(options))
            yield {"options": in_our_names(options), "lhs": tensor(lhs), "rhs": tensor(rhs), "output": tensor(output)}


# ---- the file ------------------------------------------------------------------------------------------------------


def main():
    cases = [case(shape, dtype, **options) for half in HALVES for shape, dtype, options in half_cases(half)]
    cases += [case(shape, dtype, **options) for shape, dtype, options in complex_cases()]
    given = {dtype: arguments(dtype) for dtype in HALVES}
    sections = {
        "cases": lines(cases),
        "refused": lines(refusal(*call) for call in refusals()),
        "arguments": json.dumps({dtype: bits(x) for dtype, x in given.items()}),
        "activations": lines(entry for dtype, x in given.items() for entry in activations(dtype, x)),
        "lax": lines(entry for dtype, x in given.items() for entry in elementwise(dtype, x)),
        "conv": lines(calls()),
    }
    meta = {"flax": flax.__version__, "jax": jax.__version__, "note": "made by record_dtypes.py, which documents the format"}
    body = ",\n".join(f'"{name}":{text}' for name, text in {"meta": json.dumps(meta), **sections}.items())
    OUT.write_text("{" + body + "}\n")
    print(OUT.stat().st_size, "bytes;", len(cases), "cases")


if __name__ == "__main__":
    main()
