"""Fixes the instructions that jax computes with; imported before jax by every script that records.

jax on CPU uses what the processor at hand has, and that shows in the last bits: where a product and a sum are rounded
once, in how many parts a sum is made. AVX2 with fused multiply-add is what nearly every x86-64 processor has. XLA, which
compiles, and oneDNN, which multiplies the matrices that larger convolutions are made into, are told each in its way.
Other XLA_FLAGS of the caller are kept.
"""

import os
import platform
import sys

FIXED = "--xla_cpu_max_isa=AVX2"

if platform.machine().lower() not in ("x86_64", "amd64"):
    sys.exit(f"recorded on x86-64 only ({FIXED}), and this is {platform.machine()}")
if "jax" in sys.modules:
    sys.exit("import instruction_set before jax, which reads the environment once")
# XLA takes the last of two flags of one name.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FIXED}".strip()
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
