#!/usr/bin/env python3
"""python tools_make.py mlx OUT MODEL…                       mlx_lm.convert: float16, 4 bits in groups of 64, mxfp4
   python tools_make.py llama LLAMA_CPP OUT MODEL…           convert_hf_to_gguf.py: F16; llama_model_quantize: Q8_0, Q4_K_M
   python tools_make.py genai OUT MODEL…                     onnxruntime_genai.models.builder: fp32, int4 (activations in float32)
   python tools_make.py optimum OUT MODEL…                   optimum-cli export openvino: fp32, and NNCF's int8 and int4

What the frameworks' own tools write of checkpoints: OUT/NAME-KIND (mlx 0.32.4, mlx-lm 0.32.2; onnxruntime-genai 0.18.0;
optimum-intel 2.2.0, nncf 3.4.0) or OUT/NAME-KIND.gguf (llama-cpp-python 0.3.36, and the llama.cpp that it holds: LLAMA_CPP is that folder).
"""
import os
import pathlib
import subprocess
import sys

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", ORT_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
here = pathlib.Path(__file__).resolve().parent


def mlx(out, *models):
    import mlx.core as mx
    from mlx_lm import convert
    mx.set_default_device(mx.cpu)
    kinds = {"F16": dict(dtype="float16"), "affine4": dict(quantize=True, q_bits=4, q_group_size=64),
             "mxfp4": dict(quantize=True, q_bits=4, q_group_size=32, q_mode="mxfp4")}
    for m in map(pathlib.Path, models):
        for kind, how in kinds.items():
            convert(str(m), f"{out}/{m.name}-{kind}", **how)


def llama(root, out, *models):
    sys.path[:0] = [f"{root}/gguf-py", root]
    import logging

    import convert_hf_to_gguf
    from conversion.base import TextModel
    asked = TextModel.get_vocab_base_pre

    def answer(model, tokenizer):           # its list of hashes does not know a random model's vocabulary
        try:
            return asked(model, tokenizer)
        except NotImplementedError:
            return "gpt-2"
    TextModel.get_vocab_base_pre = answer
    logging.disable(logging.CRITICAL)
    for m in map(pathlib.Path, models):
        sys.argv = ["convert_hf_to_gguf.py", str(m), "--outtype", "f16", "--outfile", f"{out}/{m.name}-F16.gguf"]
        convert_hf_to_gguf.main()
    sys.path[:0] = [str(here)]
    from peer import lib                    # after the converter: both bring a gguf of their own
    for m in map(pathlib.Path, models):
        for kind, number in (("Q8_0", 7), ("Q4_K_M", 15)):
            p = lib.llama_model_quantize_default_params()
            p.nthread, p.ftype = 2, number
            done = lib.llama_model_quantize(os.fsencode(f"{out}/{m.name}-F16.gguf"), os.fsencode(f"{out}/{m.name}-{kind}.gguf"), p)
            if done:
                raise SystemExit(f"llama_model_quantize answers {done}")


def genai(out, *models):
    for m in map(pathlib.Path, models):
        for kind, more in {"fp32": [], "int4": ["--extra_options", "accuracy_level=1"]}.items():
            subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", m, "-o", f"{out}/{m.name}-{kind}", "-p", kind,
                            "-e", "cpu", "-c", f"{out}/cache", *more], check=True)


def optimum(out, *models):
    cli = pathlib.Path(sys.executable).parent / "optimum-cli"
    kinds = {"fp32": [], "int8": [], "int4": ["--group-size", "32", "--ratio", "1.0"]}
    for m in map(pathlib.Path, models):
        for kind, more in kinds.items():
            subprocess.run([cli, "export", "openvino", "--model", m, "--task", "text-generation-with-past", "--weight-format", kind, *more,
                            f"{out}/{m.name}-{kind}"], check=True)


{"mlx": mlx, "llama": llama, "genai": genai, "optimum": optimum}[sys.argv[1]](*sys.argv[2:])
