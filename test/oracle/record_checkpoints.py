"""Records checkpoints that flax, safetensors and NumPy write, once, into checkpoints.json; the tests read them back.

    pip install flax optax safetensors
    python record_checkpoints.py

checkpoints.json
  meta     versions the file was recorded with
  files    [{name, format, bytes, tensors: {path: tensor}}] the file in base64, and the arrays that must come out of it;
           a path begins with the collection, "params/Conv_0/kernel", however the file spells it
  refused  [{name, format, bytes, names}] files with one array that has no dtype of ours; `names` is how to find it in
           the message

A tensor is {shape, dtype, data}: row-major, "inf", "-inf" and "nan" as strings, 16-bit floats as numbers, complex
numbers as pairs. dtypes we hold differently are given as read: 64-bit integers as jax narrows them (low 32 bits),
complex128 as complex64, 16-bit integers as 32-bit ones.
"""

import base64
import io
import json
import pathlib
import sys

import instruction_set  # before jax

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
import safetensors
from flax import serialization
from flax.core import freeze
from flax.traverse_util import flatten_dict
from flax.training.train_state import TrainState
from safetensors.numpy import save as save_safetensors

OUT = pathlib.Path(__file__).parent / "checkpoints.json"
rng = np.random.default_rng(20261122)

EVERY = "float32 float16 bfloat16 int32 uint32 int8 uint8 bool complex64".split()
HELD_AS = {
    "int64": "int32",
    "uint64": "uint32",
    "int16": "int32",
    "uint16": "uint32",
    "complex128": "complex64",
}


def number(value):
    value = value.item()
    if isinstance(value, float):
        if not np.isfinite(value):
            return "nan" if np.isnan(value) else ("inf" if value > 0 else "-inf")
        if value.is_integer() and abs(value) < 1e6 and not (value == 0 and np.signbit(value)):
            return int(value)
    return int(value) if isinstance(value, bool) else value


def tensor(leaf):
    leaf = np.asarray(leaf)
    dtype = HELD_AS.get(leaf.dtype.name, leaf.dtype.name)
    held = leaf.astype(dtype)  # 64-bit integers wrap, as in jax
    if held.dtype.kind == "c":
        held = np.ascontiguousarray(held).view(np.float32)
    elif dtype in ("bfloat16", "float16"):
        held = held.astype(np.float32)
    return {"shape": list(leaf.shape), "dtype": dtype, "data": [number(v) for v in held.ravel()]}


def values(*shape):
    """Numbers of few digits, so that the file stays small."""
    return (rng.integers(-200, 201, shape) / np.float32(100)).astype(np.float32)


def every_dtype(names=EVERY):
    return {name: np.asarray([[1, 0, 1], [0, 3, 100]]).astype(name) for name in names}


def conv_variables():
    return nn.Conv(2, (2, 2)).init(jax.random.key(0), jnp.zeros((1, 3, 3, 1)))


class Net(nn.Module):
    """Names of every form: automatic, nested, a list's, a record's."""

    def setup(self):
        self.stem = nn.Conv(2, (2,))
        self.blocks = [nn.Conv(2, (1,)), nn.Conv(1, (1,), use_bias=False)]
        self.heads = {"left": nn.Conv(1, (1,))}

    def __call__(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.heads["left"](x)


def net_variables():
    shapes = jax.eval_shape(Net().init, jax.random.key(0), jnp.zeros((1, 4, 1)))
    return jax.tree.map(lambda leaf: values(*leaf.shape), shapes)


def entry(name, format, written, tree):
    """`tree` is what must come out: variables, as nested dicts."""
    tensors = {path: tensor(leaf) for path, leaf in flatten_dict(tree, sep="/").items()}
    return {"name": name, "format": format, "bytes": base64.b64encode(written).decode(), "tensors": tensors}


# ---- flax.serialization.to_bytes -----------------------------------------------------------------------------------


def msgpack(tree, chunk_bytes=None):
    usual = serialization.MAX_CHUNK_SIZE
    serialization.MAX_CHUNK_SIZE = chunk_bytes or usual
    try:
        return serialization.to_bytes(tree)
    finally:
        serialization.MAX_CHUNK_SIZE = usual


def flax_files():
    def file(name, tree, means=None, **options):
        return entry(name, "msgpack", msgpack(tree, **options), means or tree)

    jax_arrays = jax.tree.map(jnp.asarray, every_dtype())
    yield file("every dtype of jax", {"params": {"Conv_0": jax_arrays}})
    wide = {
        "float64": np.asarray([0.1, -1e300]),
        "int64": np.asarray([-1, 2**32 + 5, -(2**40) - 7]),
        "uint64": np.asarray([2**63 + 1, 2**32 - 1], np.uint64),
        "int16": np.asarray([-32768, 32767], np.int16),
        "uint16": np.asarray([65535, 0], np.uint16),
        "complex128": np.asarray([1.5 - 2j, 0.25j]),
    }
    yield file("dtypes of NumPy that jax does not have", {"params": {"a": wide}})
    scalars = {
        "jax": jnp.float32(2.5),
        "float32": np.float32(-1),
        "float64": np.float64(0.1),
        "int8": np.int8(-3),
        "int64": np.int64(2**31 - 1),
        "bool": np.bool_(True),
        "half": np.float16(0.1),
        "zero_d": np.asarray(7, np.uint8),
    }
    yield file("scalars", {"params": scalars})
    native = {"params": {"a": 1 - 2j}}  # of Python's numbers, only complex ones are arrays in the file
    yield file("a native complex number", native, {"params": {"a": np.complex64(1 - 2j)}})
    yield file("a Conv", conv_variables())
    yield file("a Conv, frozen", freeze(conv_variables()), conv_variables())
    yield file("names of setup", net_variables())
    large = {"kernel": values(3, 2, 2, 2), "bias": values(2)}
    tree = {"params": {"Conv_0": large}, "batch_stats": {"mean": values(4)}}
    yield file("chunked, a second collection", tree, chunk_bytes=40)
    halves = {"kernel": values(3, 5).astype(ml_dtypes.bfloat16), "bias": values(7).astype(np.float16)}
    # Chunks that no element size divides.
    yield file("chunked 16-bit", {"params": halves, "c": {"z": values(6).view(np.complex64)}}, chunk_bytes=13)
    special = {"kernel": values(0, 2), "bias": np.float32([np.nan, np.inf, -np.inf, -0.0, 1e-45])}
    yield file("a params tree without params, special numbers", special, {"params": special})
    yield file("nothing", {"params": {}})
    yield train_state()


def train_state():
    params = net_variables()["params"]
    state = TrainState.create(apply_fn=None, params=params, tx=optax.sgd(0.1, momentum=0.9))
    state = state.replace(step=3)
    zeros = jax.tree.map(np.zeros_like, params)
    # A TrainState's optimizer is a list, hence a map with the keys "0", "1"; its step counter is no collection.
    return entry("a TrainState", "msgpack", msgpack(state), {"params": params, "opt_state": {"0": {"trace": zeros}}})


# ---- safetensors ---------------------------------------------------------------------------------------------------


def in_order(saved):
    """The file with its metadata sorted: safetensors writes them in another order each time."""
    length = int.from_bytes(saved[:8], "little")
    header = json.loads(saved[8 : 8 + length])
    if "__metadata__" not in header:
        return saved
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
    assert len(text) == length
    return saved[:8] + text + saved[8 + length :]


def safetensors_files():
    def file(name, tree, sep, means=None, metadata=None):
        saved = in_order(save_safetensors(flatten_dict(tree, sep=sep), metadata))
        return entry(name, "safetensors", saved, means or tree)

    params = net_variables()["params"]
    variables = {"params": params, "batch_stats": {"norm": {"mean": values(3)}}}
    yield file("dots", params, ".", {"params": params}, {"format": "flax"})
    yield file("slashes", params, "/", {"params": params})
    yield file("dots after params", {"params": params}, ".", metadata={"format": "flax", "note": "déjà \"vu\"\n"})
    yield file("slashes, two collections", variables, "/")
    # A slash anywhere says that dots are part of names.
    dotted = {"block.0": {"conv.a": {"kernel": values(2)}}}
    yield file("dots in names", dotted, "/", {"params": dotted})
    kinds = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool complex64".split()
    yield file("every dtype", {"params": {"a": every_dtype(kinds)}}, ".")
    special = {"empty": values(2, 0), "scalar": np.asarray(3, np.float32), "odd": np.int8([1, 2, 3])}
    yield file("empty, scalar and odd sizes", special, ".", {"params": special})
    plain = {"kernel": values(2), "bias": values(1)}
    yield file("names of one part", plain, ".", {"params": plain})
    yield entry("nothing", "safetensors", save_safetensors({}), {})


# ---- npz -----------------------------------------------------------------------------------------------------------


def npz(arrays, save=np.savez):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npz_files():
    def file(name, tree, sep, means=None, save=np.savez):
        return entry(name, "npz", npz(flatten_dict(tree, sep=sep), save), means or tree)

    params = net_variables()["params"]
    variables = {"params": params, "batch_stats": {"norm": {"mean": values(3)}}}
    yield file("slashes", variables, "/")
    yield file("dots", params, ".", {"params": params})
    yield file("compressed", variables, "/", save=np.savez_compressed)
    runs = {"zeros": np.zeros((40, 25)), "ramp": np.tile(np.arange(20, dtype=np.float32), (20, 1))}
    yield file("compressed well", runs, ".", {"params": runs}, np.savez_compressed)
    fortran = {
        "matrix": np.asfortranarray(values(3, 4)),
        "kernel": np.asfortranarray(values(2, 3, 1, 4)),
        "half": np.asfortranarray(values(2, 3).astype(np.float16)),
        "complex": np.asfortranarray(values(2, 4).view(np.complex64)),
        "wide": np.asfortranarray(rng.integers(-9, 9, (3, 2))),
    }
    yield file("Fortran order", {"params": fortran}, "/")
    yield file("Fortran order, compressed", {"params": fortran}, "/", save=np.savez_compressed)
    big = {
        kind: np.asarray([[1, 2, 3], [0, 5, 100]]).astype(f">{kind}")
        for kind in "f2 f4 f8 i2 i4 i8 u2 u4 u8 c8 c16".split()
    }
    native = {kind: array.astype(array.dtype.newbyteorder("<")) for kind, array in big.items()}
    yield file("big-endian", {"params": big}, "/", {"params": native})
    both = {"kernel": np.asfortranarray(values(2, 3).astype(">f4"))}
    yield file("big-endian in Fortran order", {"params": both}, "/", {"params": {"kernel": both["kernel"].astype("<f4")}})
    kinds = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool complex64 complex128"
    yield file("every dtype", {"params": {"a": every_dtype(kinds.split())}}, ".")
    special = {"empty": values(2, 0), "scalar": np.float32(3), "odd": np.int8([1, 2, 3]), "läuft": values(1)}
    yield file("empty, scalar, odd sizes and names", special, ".", {"params": special})
    yield entry("nothing", "npz", npz({}), {})


# ---- what has no dtype of ours -------------------------------------------------------------------------------------


def refused_files():
    def file(name, format, written, names="block/kernel"):
        return {"name": name, "format": format, "bytes": base64.b64encode(written).decode(), "names": names}

    def one(array):
        return {"params": {"block": {"kernel": array, "bias": values(1)}}}

    eight = np.asarray([1, 2]).astype(ml_dtypes.float8_e4m3fn)
    yield file("float8", "msgpack", msgpack(one(eight)))
    # 80 bits in 128, of which NumPy leaves the rest as it was.
    long = np.longdouble([1, 2])
    long.view(np.uint8).reshape(2, -1)[:, 10:] = 0
    yield file("longdouble", "msgpack", msgpack(one(long)))
    yield file("int4", "msgpack", msgpack(one(np.asarray([1, 2]).astype(ml_dtypes.int4))))
    yield file("float8", "safetensors", save_safetensors(flatten_dict(one(eight), sep="/")))
    for name, array in {
        "float8": eight,
        "longdouble": long,
        "text": np.asarray(["a", "b"]),
        "dates": np.asarray(["2020-01-01"], "M8[D]"),
        "records": np.zeros(2, [("a", "f4"), ("b", "i4", (2,))]),
    }.items():
        yield file(name, "npz", npz(flatten_dict(one(array), sep="/")))
    yield file("a dict saved whole", "npz", npz({"params": np.asarray(one(values(1)), object)}), "params")


# ---- the file ------------------------------------------------------------------------------------------------------


def lines(items):
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in items) + "\n]"


def main():
    assert sys.byteorder == "little"
    meta = {
        "flax": flax.__version__,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
        "note": "made by record_checkpoints.py, which documents the format",
    }
    files = [*flax_files(), *safetensors_files(), *npz_files()]
    sections = {"meta": json.dumps(meta), "files": lines(files), "refused": lines(refused_files())}
    OUT.write_text("{" + ",\n".join(f'"{name}":{text}' for name, text in sections.items()) + "}\n")
    print(OUT.stat().st_size, "bytes;", len(files), "files")


if __name__ == "__main__":
    main()
