"""Fixes the instructions that XLA compiles for; imported before jax by every script that records.

XLA uses what the processor at hand has, and that shows in the last bits: where it multiplies and adds in one step, in
how many parts it sums, whether it computes a float16 in float32 (AVX2) or as it is (AVX-512 FP16). AVX2 with fused
multiply-add is what nearly every x86-64 processor has. Other XLA_FLAGS of the caller are kept.
"""

import os
import platform
import sys

FIXED = "--xla_cpu_max_isa=AVX2"

if platform.machine().lower() not in ("x86_64", "amd64"):
    sys.exit(f"recorded on x86-64 only ({FIXED}), and this is {platform.machine()}")
if "jax" in sys.modules:
    sys.exit("import instruction_set before jax, which reads XLA_FLAGS once")
# XLA takes the last of two flags of one name.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FIXED}".strip()
