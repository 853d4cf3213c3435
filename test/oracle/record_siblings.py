"""Records what flax does with ConvLocal and ConvTranspose, once, into siblings.json; the tests compare with it.

    pip install flax
    python record_siblings.py

siblings.json
  meta         versions the file was recorded with
  cases        [{module, config, mask?, input, params, output}] as in record.py, `module` being the class
  refused      [{module, config, mask?, inputShape, given?, error, message}] as in record.py
  init         [{module, config, seed, inputShape, params: {path: {shape, bits}}}] as in record.py, for one module alone
  lax          [{function, lhs, rhs, options, output}] `function` and `options` in our names
  laxRefused   [{function, lhsShape, rhsShape, options, error, message}]

Numbers and tensors are written as record.py says; floats are multiples of a half, so that sums of products are exact.
"""

import json
import pathlib

import instruction_set  # before jax

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import unflatten_dict
from jax import lax

import record
from record import hex_bits, in_our_names, lines, lower_triangle, shape_of, tensor, zero_taps

OUT = pathlib.Path(__file__).parent / "siblings.json"
rng = record.rng = np.random.default_rng(20261123)


def values(shape, dtype="float32"):
    return (rng.integers(-8, 9, shape) / 2).astype(np.float32) if dtype == "float32" else record.values(shape, dtype)


# ---- modules -------------------------------------------------------------------------------------------------------


def case(module, input_shape, dtype="float32", mask=None, **options):
    options = {"features": 2, "kernel_size": (3, 2), **options}
    x = values(input_shape, dtype)
    layer = getattr(nn, module)(**options, mask=mask, kernel_init=nn.initializers.ones)
    shapes = jax.eval_shape(layer.init, jax.random.key(0), x)["params"]
    params = {name: values(leaf.shape) for name, leaf in shapes.items()}
    output = layer.apply({"params": jax.tree.map(jnp.asarray, params)}, x)
    entry = {"module": module, "config": in_our_names(options)}
    if mask is not None:
        entry["mask"] = tensor(mask)
    tensors = {name: tensor(value) for name, value in params.items()}
    return {**entry, "input": tensor(x), "params": tensors, "output": tensor(output)}


def transposed_cases():
    image, line = (1, 3, 4, 2), (1, 5, 2)
    paddings = ["SAME", "VALID", "CIRCULAR", 0, 1, 2, -1, True, (0, 2), ((0, 1), (2, 0)), ((-1, 2), (1, -1)), [[1, 1], [2, 2]]]
    for padding in paddings:
        yield image, dict(padding=padding)
        yield image, dict(padding=padding, strides=(2, 3), transpose_kernel=True)
    for padding in ["SAME_LOWER", "same", "valid", "Same_Lower"]:  # at stride 1 lax's own names: an ordinary convolution's
        yield line, dict(padding=padding, kernel_size=(4,))
    # Folds: kernels below, at and above the stride and the period, even and odd, dilated, of either orientation.
    for extent, size, stride, dilation in [
        (5, 3, 1, 1), (5, 2, 1, 1), (5, 4, 1, 1), (4, 4, 2, 1), (4, 5, 2, 1), (3, 1, 3, 1), (3, 2, 3, 1), (2, 7, 1, 1),
        (1, 6, 2, 1), (2, 3, 1, 4), (3, 3, 2, 2), (1, 9, 1, 1), (2, 4, 3, 5), (1, 1, 1, 1), (3, 8, 4, 1),
    ]:  # fmt: skip
        for transpose in [False, True]:
            options = dict(kernel_size=(size,), strides=stride, kernel_dilation=dilation, transpose_kernel=transpose)
            yield (1, extent, 1), dict(**options, padding="CIRCULAR")
    for size, stride, dilation in [(3, 2, 1), (2, 3, 1), (4, 2, 1), (3, 1, 2), (1, 2, 1), (5, 4, 1), (2, 2, 3)]:
        for padding in ["SAME", "VALID"]:
            yield (1, 4, 1), dict(kernel_size=(size,), strides=stride, kernel_dilation=dilation, padding=padding)
    yield line, dict(kernel_size=3, strides=None, kernel_dilation=None)
    yield line, dict(kernel_size=(3,), padding=[(4, 0)], strides=2, kernel_dilation=2, use_bias=False)
    yield line, dict(kernel_size=(3,), padding=-2)  # cropped to nothing
    yield (1, 3, 2), dict(kernel_size=(4,), strides=2, padding=((-3, 6),))  # past the end on one side
    yield image, dict(mask=lower_triangle((3, 2, 2, 2)), strides=2)
    yield image, dict(mask=zero_taps((3, 2, 3, 2), (0, 0), (2, 1)), strides=2, transpose_kernel=True, features=3)
    yield image, dict(mask=zero_taps((3, 2, 2, 2), (0, 1)), padding="CIRCULAR", transpose_kernel=True)
    yield image, dict(mask=rng.integers(0, 2, (3, 2, 2, 2)).astype(bool), padding="CIRCULAR", strides=2)
    for batch in [(), (2,), (2, 2), (0,)]:
        yield (*batch, 2, 3, 1), dict(strides=2)
    for batch in [(), (2, 2)]:
        yield (*batch, 2, 3, 1), dict(strides=2, padding="CIRCULAR")
    yield (2, 2, 3, 1), dict(kernel_size=3, strides=2)  # an int kernel on an image batch
    yield (1, 2, 3, 2, 1), dict(kernel_size=(2, 3, 2), strides=(2, 1, 2))
    yield (1, 2, 2, 2, 1), dict(kernel_size=(3, 2, 2), strides=(1, 2, 1), padding="CIRCULAR", transpose_kernel=True)
    yield (3, 2), dict(kernel_size=())  # no spatial axes: a Dense
    for dtype in ["uint8", "int32", "bool"]:
        yield (1, 3, 2, 1), dict(dtype=dtype, strides=2)
    yield (1, 4, 1), dict(dtype="int8", kernel_size=(3,), padding="CIRCULAR", strides=2)
    yield (1, 0, 2), dict(kernel_size=(3,), strides=2)
    yield (1, 0, 2), dict(kernel_size=(3,), strides=5, padding="VALID")
    yield (1, 3, 3, 2), dict(kernel_size=(1, 1), strides=2, features=3)


def local_cases():
    image, line = (1, 4, 4, 2), (1, 6, 2)
    paddings = ["SAME", "VALID", "SAME_LOWER", "same", "CIRCULAR", "REFLECT"]
    paddings += [0, 1, -1, True, (1, (0, 2)), ((-1, 2), (1, -1)), [[1, 1], [2, 2]]]
    for padding in paddings:
        small = padding if padding != -1 else ((-1, 0), (0, -1))
        yield (1, 4, 3, 1), dict(padding=small)
        yield image, dict(padding=padding, strides=2, kernel_size=(2, 2))
    for padding in ["SAME", "VALID", "CAUSAL", "CIRCULAR", "REFLECT", 2, [(3, 0)], [(-2, 1)]]:
        yield line, dict(padding=padding, kernel_size=(3,))
        yield (2, 5, 1), dict(padding=padding, kernel_size=(2,), strides=(3,), kernel_dilation=2, features=3)
    for dilation, padding, more in [
        (2, 1, {}),
        (2, 0, dict(strides=2)),
        ((1, 3), ((2, 1), (0, 2)), dict(strides=2)),
        ((2, 1), ((-1, 1), (1, 0)), dict(strides=(1, 2))),
        (3, 2, dict(strides=2, kernel_dilation=2)),
        (None, 1, dict(strides=None, kernel_dilation=None)),
    ]:
        yield (1, 3, 3, 1), dict(input_dilation=dilation, padding=padding, **more)
    yield line, dict(kernel_size=3, features=5)
    yield (1, 3, 3, 3), dict(kernel_size=(2, 2), features=1, padding="VALID", use_bias=False)
    yield (1, 3, 3, 2), dict(kernel_size=(1, 1), features=3)
    yield (1, 3, 3, 2), dict(kernel_size=(3, 3), features=3, padding="VALID")
    yield (1, 4, 2), dict(kernel_size=(2,), padding="VALID", mask=lower_triangle((3, 4, 2)))
    yield (1, 4, 2), dict(kernel_size=(2,), padding="CIRCULAR", mask=zero_taps((4, 4, 2), (0, 1), (2, 3), (3,)))
    yield (1, 4, 2), dict(kernel_size=(2,), padding="VALID", mask=rng.integers(0, 2, (3, 4, 2)).astype(np.int32))
    for batch in [(), (2,), (2, 2), (0,)]:
        yield (*batch, 3, 2, 1), dict(features=1)
    yield (2, 2, 4, 1), dict(kernel_size=2, padding="REFLECT")
    yield (1, 2, 3, 2, 1), dict(kernel_size=(2, 2, 2))
    yield (1, 2, 2, 1, 2, 1), dict(kernel_size=(2, 1, 1, 2), features=1)
    for dtype in ["int8", "uint8", "int32", "bool"]:
        yield (1, 3, 3, 1), dict(dtype=dtype, kernel_size=(2, 2))
    yield (1, 2, 3, 1), dict(kernel_size=(5, 4), padding="CIRCULAR")
    yield (1, 1, 1, 2), dict(kernel_size=(3, 3), padding="REFLECT")


def refusals():
    image = (1, 4, 5, 2)
    for module in ["ConvLocal", "ConvTranspose"]:
        for padding in [None, 1.5, (1,), (None, (1, 2)), ((1, 2, 3), (0, 0)), "FOO", "circular"]:
            yield module, image, dict(padding=padding)
        yield module, image, dict(features=0)
        yield module, image, dict(kernel_size=(0, 3))
        yield module, image, dict(kernel_size=None)
        yield module, (1, 4, 5, 0), dict()
        yield module, image, dict(strides=0)
        yield module, image, dict(strides=(1, 1, 1))
        yield module, image, dict(kernel_dilation=(2,))
        yield module, image, dict(kernel_dilation=0)
        yield module, image, dict(dtype="int32")
        yield module, image, dict(precision="bogus")
        yield module, image, dict(mask=np.ones((3, 2, 2), np.float32))
        yield module, (5, 2), dict(padding="VALID")
        yield module, (5, 2), dict(padding="CIRCULAR")
        yield module, (2, 2, 0, 3, 2), dict()
        yield module, (1, 0, 3, 2), dict(padding="CIRCULAR")
        yield module, image, dict(padding=-3)
        yield module, image, dict(given=None)
        yield module, image, dict(given={"params/bias": (3,)})
    yield "ConvLocal", image, dict(feature_group_count=2)
    yield "ConvLocal", image, dict(feature_group_count=0)
    yield "ConvLocal", (1, 3, 2), dict(kernel_size=(3,), feature_group_count=5)
    yield "ConvLocal", (3, 2), dict(kernel_size=())
    yield "ConvLocal", image, dict(padding="CAUSAL")
    yield "ConvLocal", image, dict(input_dilation=2)
    yield "ConvLocal", image, dict(precision="F32_F32_F32")
    yield "ConvLocal", image, dict(transpose_kernel=True)
    yield "ConvLocal", (1, 2, 2, 1), dict(padding="VALID", kernel_size=(3, 3))
    yield "ConvLocal", (1, 0, 3, 2), dict(padding="VALID")
    yield "ConvLocal", image, dict(mask=np.ones((3, 2, 2, 3), np.float32))
    right = {"params/kernel": (4, 5, 12, 3), "params/bias": (4, 5, 3)}
    yield "ConvLocal", image, dict(given={**right, "params/kernel": (3, 2, 2, 3)})
    yield "ConvLocal", image, dict(given={**right, "params/bias": (3,)})
    yield "ConvLocal", (1, 4, 6, 2), dict(given=right)
    for padding in ["REFLECT", "CAUSAL"]:
        yield "ConvTranspose", image, dict(padding=padding)
    for padding in ["SAME_LOWER", "same", "valid", "REFLECT", "CAUSAL", "FOO"]:
        yield "ConvTranspose", image, dict(padding=padding, strides=2)
    yield "ConvTranspose", image, dict(input_dilation=2)
    yield "ConvTranspose", image, dict(feature_group_count=1)
    yield "ConvTranspose", (1, 2, 2, 2, 2, 1), dict(kernel_size=(2, 2, 2, 2))
    yield "ConvTranspose", image, dict(preferred_element_type="int32")
    yield "ConvTranspose", image, dict(preferred_element_type="bfloat16")
    yield "ConvTranspose", image, dict(mask=np.ones((3, 2, 3, 2), np.float32))
    yield "ConvTranspose", image, dict(mask=np.ones((3, 2, 2, 3), np.float32), transpose_kernel=True)
    right = {"params/kernel": (3, 2, 2, 3), "params/bias": (3,)}
    yield "ConvTranspose", image, dict(given={**right, "params/kernel": (3, 2, 3, 2)})
    yield "ConvTranspose", image, dict(given=right, transpose_kernel=True)


def refusal(module, shape, options):
    options = {"features": 3, "kernel_size": (3, 2), **options}
    apply_only, given = "given" in options, options.pop("given", None)
    mask = options.get("mask")
    entry = {"module": module, "config": in_our_names({k: v for k, v in options.items() if k != "mask"})}
    if mask is not None:
        entry["mask"] = {"shape": list(mask.shape), "dtype": str(mask.dtype)}
    entry["inputShape"] = list(shape)
    if apply_only:
        entry["given"] = None if given is None else {path: list(extents) for path, extents in given.items()}
    x = jnp.zeros(shape, jnp.float32)
    try:
        layer = getattr(nn, module)(**options)
        if apply_only:
            flat = {} if given is None else {path: jnp.zeros(extents) for path, extents in given.items()}
            layer.apply(unflatten_dict(flat, sep="/"), x)
        else:
            layer.apply(layer.init(jax.random.key(0), x), x)
    except Exception as error:  # whatever class it is, it is what we record
        return {**entry, "error": type(error).__name__, "message": str(error).strip().split("\n")[0][:160]}
    raise SystemExit(f"flax accepts {entry}")


def init_models():
    yield "ConvLocal", dict(features=2, kernel_size=(3,)), 0, (1, 5, 3)
    yield "ConvLocal", dict(features=2, kernel_size=(2, 2), padding="VALID"), 42, (1, 4, 4, 1)
    yield "ConvLocal", dict(features=3, kernel_size=2, strides=2, padding="CIRCULAR"), 7, (6, 2)
    yield "ConvLocal", dict(features=2, kernel_size=(2,), bias_init="normal"), 3, (1, 4, 1)
    yield "ConvTranspose", dict(features=4, kernel_size=(3,)), 0, (1, 5, 3)
    yield "ConvTranspose", dict(features=3, kernel_size=(2, 2), strides=2, transpose_kernel=True), 42, (1, 4, 4, 2)
    yield "ConvTranspose", dict(features=2, kernel_size=(2, 1, 2), padding="CIRCULAR"), 7, (1, 3, 3, 3, 2)
    yield "ConvTranspose", dict(features=4, kernel_size=3, transpose_kernel=True, use_bias=False), -1, (6, 2)


def initial(module, options, seed, shape):
    inits = {"bias_init": nn.initializers.normal()} if "bias_init" in options else {}
    params = getattr(nn, module)(**{**options, **inits}).init(jax.random.key(seed), jnp.zeros(shape))["params"]
    return {
        "module": module,
        "config": in_our_names(options),
        "seed": seed,
        "inputShape": list(shape),
        "params": {path: {"shape": list(leaf.shape), "bits": hex_bits(leaf)} for path, leaf in params.items()},
    }


# ---- lax -----------------------------------------------------------------------------------------------------------


def transposed_calls():
    a = dict(N=1, H=3, W=2, C=2), dict(H=3, W=2, I=2, O=3)
    swapped = a[0], dict(H=3, W=2, I=3, O=2)
    two = dict(strides=(2, 1))
    for padding in ["SAME", "VALID", ((1, 0), (2, -1))]:
        for dims in [("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "NCHW"), ("CNWH", "WOHI", "HWCN")]:
            yield *a, dict(**two, padding=padding, dimension_numbers=dims)
            yield *swapped, dict(**two, padding=padding, dimension_numbers=dims, transpose_kernel=True)
    yield *a, dict(strides=(3, 2), padding="SAME", rhs_dilation=(2, 3))  # no dimension numbers: channels last
    yield *a, dict(strides=(1, 1), padding="same_lower")
    yield dict(N=2, H=3, C=1), dict(H=4, I=1, O=2), dict(strides=(2,), padding="VALID")
    yield dict(N=1, H=2, W=1, D=2, C=1), dict(H=2, W=2, D=1, I=1, O=1), dict(strides=(2, 1, 2), padding="SAME")
    yield dict(N=2, C=3), dict(I=3, O=2), dict(strides=(), padding=())


def local_calls():
    yield dict(N=1, H=3, W=4, C=2), dict(H=2, W=3, I=8, O=2), dict(
        window_strides=(1, 1), padding="VALID", filter_shape=(2, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    yield dict(N=2, H=3, W=4, C=2), dict(H=2, W=4, I=6, O=1), dict(
        window_strides=(2, 1), padding="SAME", filter_shape=(3, 1)  # no dimension numbers: NCHW, OIHW, NCHW
    )
    yield dict(N=1, H=3, W=2, C=2), dict(H=3, W=2, I=12, O=2), dict(
        window_strides=(1, 1), padding="SAME", filter_shape=(2, 3), dimension_numbers=("CWNH", "IWOH", "HNCW")
    )
    yield dict(N=1, H=3, W=2, C=1), dict(H=3, W=3, I=4, O=2), dict(
        window_strides=(2, 1),
        padding=((1, 0), (2, 1)),
        filter_shape=(2, 2),
        lhs_dilation=(2, 1),
        rhs_dilation=(1, 2),
        dimension_numbers=("NHWC", "OHWI", "NCHW"),
    )
    yield dict(N=2, H=5, C=1), dict(H=3, I=3, O=2), dict(window_strides=(2,), padding="SAME_LOWER", filter_shape=(3,))


FUNCTIONS = {"convTranspose": lax.conv_transpose, "convGeneralDilatedLocal": lax.conv_general_dilated_local}


def lax_case(function, lhs_sizes, rhs_sizes, options):
    spatial = "".join(letter for letter in lhs_sizes if letter not in "NC")
    usual = (f"N{spatial}C", f"{spatial}IO") if function == "convTranspose" else (f"NC{spatial}", f"OI{spatial}")
    lhs_layout, rhs_layout = options.get("dimension_numbers", usual)[:2]
    lhs, rhs = values(shape_of(lhs_sizes, lhs_layout)), values(shape_of(rhs_sizes, rhs_layout))
    output = FUNCTIONS[function](lhs, rhs, **options)
    entry = {"function": function, "lhs": tensor(lhs), "rhs": tensor(rhs), "options": in_our_names(options)}
    return {**entry, "output": tensor(output)}


def refused_calls():
    lhs, rhs = (1, 4, 4, 2), (3, 3, 2, 3)
    base = dict(strides=(2, 2), padding="SAME")
    for more in [
        dict(padding="same"),
        dict(padding="REFLECT", strides=(1, 1)),
        dict(padding=1),
        dict(padding=((1, 1),)),
        dict(padding=((-9, 0), (0, 0))),
        dict(strides=(2,)),
        dict(strides=(2, 2, 2)),
        dict(strides=(0, 1)),
        dict(rhs_dilation=(0, 1)),
        dict(rhs_dilation=(1,)),
        dict(transpose_kernel=True),
        dict(dimension_numbers=("NHWC", "HWIX", "NHWC")),
        dict(precision="bogus"),
        dict(preferred_element_type="int32"),
    ]:
        yield "convTranspose", lhs, rhs, {**base, **more}
    yield "convTranspose", lhs, (3, 2, 3), base
    yield "convTranspose", (1, 2, 2, 2, 2, 1), (2, 2, 2, 2, 1, 1), dict(strides=(1, 1, 1, 1), padding="VALID")
    local = dict(window_strides=(1, 1), padding="VALID", filter_shape=(3, 3), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    kernels = (2, 2, 18, 3)
    for more in [
        dict(padding="FOO"),
        dict(padding="SAME"),
        dict(padding="SAME", lhs_dilation=(2, 1)),
        dict(filter_shape=(3,)),
        dict(filter_shape=(3, 2)),
        dict(filter_shape=(0, 3)),
        dict(window_strides=(1,)),
        dict(precision="F32_F32_F32"),
    ]:
        yield "convGeneralDilatedLocal", lhs, kernels, {**local, **more}
    yield "convGeneralDilatedLocal", lhs, (2, 3, 18, 3), local
    yield "convGeneralDilatedLocal", lhs, (2, 2, 9, 3), local
    yield "convGeneralDilatedLocal", lhs, (2, 18, 3), local


def lax_refusal(function, lhs, rhs, options):
    entry = {"function": function, "lhsShape": list(lhs), "rhsShape": list(rhs), "options": in_our_names(options)}
    try:
        FUNCTIONS[function](jnp.zeros(lhs), jnp.zeros(rhs), **options)
    except Exception as error:  # whatever class it is, it is what we record
        return {**entry, "error": type(error).__name__, "message": str(error).strip().split("\n")[0][:160]}
    raise SystemExit(f"lax accepts {entry}")


# ---- the file ------------------------------------------------------------------------------------------------------


def main():
    transposed = [case("ConvTranspose", shape, **options) for shape, options in transposed_cases()]
    local = [case("ConvLocal", shape, **options) for shape, options in local_cases()]
    calls = [lax_case("convTranspose", *call) for call in transposed_calls()]
    calls += [lax_case("convGeneralDilatedLocal", *call) for call in local_calls()]
    sections = {
        "cases": lines(transposed + local),
        "refused": lines(refusal(*call) for call in refusals()),
        "init": lines(initial(*model) for model in init_models()),
        "lax": lines(calls),
        "laxRefused": lines(lax_refusal(*call) for call in refused_calls()),
    }
    meta = {"flax": flax.__version__, "jax": jax.__version__, "note": "made by record_siblings.py, which documents the format"}
    body = ",\n".join(f'"{name}":{text}' for name, text in {"meta": json.dumps(meta), **sections}.items())
    OUT.write_text("{" + body + "}\n")
    print(OUT.stat().st_size, "bytes;", len(transposed), "transposed,", len(local), "local")


if __name__ == "__main__":
    main()
