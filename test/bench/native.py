"""Jitted JAX on one core, for `npm run bench -- --native`: conv + bias + relu, channels last, timed when told to.

Reads one JSON request a line and answers each with one line. `prepare` reads the raw float32 files input, kernel and
bias of a folder; `time` gives the milliseconds of one run; `output` writes the result beside them.
"""
import json
import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np
from jax import lax, nn
from jax import numpy as jnp


def convolution(layer):
    """The layer as a function of (x, kernel, bias)."""
    rank = len(layer["size"])
    spatial = "".join("DHW"[3 - rank :])
    numbers = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    pads = [tuple(pair) for pair in layer["pads"]]
    options = dict(
        window_strides=layer["strides"],
        lhs_dilation=layer["lhsDilation"],
        rhs_dilation=layer["dilation"],
        dimension_numbers=numbers,
    )

    def call(x, kernel, bias):
        padding = pads
        if layer["padding"] == "CIRCULAR":
            x = jnp.pad(x, [(0, 0), *pads, (0, 0)], mode="wrap")
            padding = [(0, 0)] * rank
        if layer["kind"] == "local":
            y = lax.conv_general_dilated_local(x, kernel, padding=padding, filter_shape=layer["kernel"], **options)
        else:
            y = lax.conv_general_dilated(
                x, kernel, padding=padding, feature_group_count=layer["groups"], **options
            )
        return nn.relu(y + bias)

    return jax.jit(call)


def timed(run):
    """Milliseconds of one run; short ones are repeated until a few milliseconds have passed, as in the other engine."""
    count = 0
    start = now = time.perf_counter()
    while count == 0 or now - start < 0.005:
        run()
        count += 1
        now = time.perf_counter()
    return (now - start) * 1000 / count


def main():
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {}
            if request["do"] == "hello":
                answer["version"] = jax.__version__
            elif request["do"] == "prepare":
                layer = request["layer"]

                def load(name):
                    path = os.path.join(request["folder"], name)
                    return jnp.asarray(np.fromfile(path, np.float32).reshape(layer[f"{name}Shape"]))

                arrays = [load(name) for name in ("input", "kernel", "bias")]
                function = convolution(layer)
                run = lambda: function(*arrays).block_until_ready()
                run()
            elif request["do"] == "time":
                answer["ms"] = timed(run)
            elif request["do"] == "output":
                np.asarray(run()).tofile(os.path.join(request["folder"], "output"))
        except Exception as error:  # the run goes on without this layer
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


main()
