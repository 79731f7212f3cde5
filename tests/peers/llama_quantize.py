#!/usr/bin/env python3
"""python llama_quantize.py IN OUT TYPE [--pure] [--requantize] [--threads N]

What llama-quantize does (llama_model_quantize), without an importance matrix. TYPE: a name of llama-quantize, Q4_K_M and the like.
"""
import argparse
import os

import peer
from peer import lib

TYPES = dict(F32=0, F16=1, Q4_0=2, Q4_1=3, Q8_0=7, Q5_0=8, Q5_1=9, Q2_K=10, Q3_K_S=11, Q3_K_M=12, Q3_K_L=13, Q4_K_S=14,
             Q4_K_M=15, Q5_K_S=16, Q5_K_M=17, Q6_K=18, IQ4_NL=25, IQ4_XS=30, BF16=32)
a = argparse.ArgumentParser()
a.add_argument("source"), a.add_argument("out"), a.add_argument("type", choices=TYPES)
a.add_argument("--pure", action="store_true"), a.add_argument("--requantize", action="store_true")
a.add_argument("--threads", type=int, default=2)
a = a.parse_args()
p = lib.llama_model_quantize_default_params()
p.nthread, p.ftype, p.pure, p.allow_requantize = a.threads, TYPES[a.type], a.pure, a.requantize
rc = lib.llama_model_quantize(os.fsencode(a.source), os.fsencode(a.out), p)
if rc:
    raise SystemExit(f"llama_model_quantize answers {rc}")
