#!/usr/bin/env python3
"""python make.py

Four small random llamas, converted by mlx_lm.convert itself, and the logits that mlx computes on its CPU back end
when scales, offsets and activations are float32. transformers 5 writes the sources; the tokenizer is that of
../arch/llama_plain. mlx 0.32.4, mlx-lm 0.32.2, numpy 2. The same versions give the same bytes.

int4_g32   4 bits in groups of 32, float16, head of its own
mix_g64    3 bits in groups of 64, bfloat16, tied; by path 8 bits, 6 bits in groups of 32, and floats
yarn_int5  5 bits in groups of 32, float32; yarn with an attention_factor, which mlx-lm does not read
mxfp4      mode mxfp4, bfloat16; the head in mode affine, 8 bits in groups of 64
"""
import json
import os
import pathlib
import shutil
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import mlx.core as mx
import numpy as np
from mlx.utils import tree_map
from mlx_lm import convert
from mlx_lm.utils import load_model

here = pathlib.Path(__file__).resolve().parent
arch = here.parent / "arch" / "llama_plain"
mx.set_default_device(mx.cpu)
WIDTH, FF, VOCAB, LAYERS, KEEP = 64, 128, 64, 2, ("config.json", "model.safetensors", "tokenizer.json",
                                                  "tokenizer_config.json")


def source(path, seed, dtype, tied, **more):
    rng = np.random.default_rng(seed)
    shapes = {"model.embed_tokens": (VOCAB, WIDTH), "model.norm": (WIDTH,)}
    if not tied:
        shapes["lm_head"] = (VOCAB, WIDTH)
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        shapes |= {at + "input_layernorm": (WIDTH,), at + "post_attention_layernorm": (WIDTH,),
                   at + "self_attn.q_proj": (WIDTH, WIDTH), at + "self_attn.k_proj": (WIDTH // 2, WIDTH),
                   at + "self_attn.v_proj": (WIDTH // 2, WIDTH), at + "self_attn.o_proj": (WIDTH, WIDTH),
                   at + "mlp.gate_proj": (FF, WIDTH), at + "mlp.up_proj": (FF, WIDTH), at + "mlp.down_proj": (WIDTH, FF)}
    w = {}
    for name, s in shapes.items():
        v = 1 + 0.1 * rng.standard_normal(s) if len(s) == 1 else 0.3 * rng.standard_normal(s)
        w[name + ".weight"] = mx.array(v.astype(np.float32)).astype(getattr(mx, dtype))
    mx.save_safetensors(str(path / "model.safetensors"), w, {"format": "pt"})
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
              "intermediate_size": FF, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "num_key_value_heads": 2,
              "head_dim": 16, "vocab_size": VOCAB, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "max_position_embeddings": 256, "tie_word_embeddings": tied, "hidden_act": "silu", "bos_token_id": 1,
              "eos_token_id": 2, "torch_dtype": dtype} | more
    (path / "config.json").write_text(json.dumps(config, indent=2))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(arch / name, path / name)


def mix(path, module):
    if path.endswith("v_proj"):
        return {"group_size": 64, "bits": 8, "mode": "affine"}
    if path.endswith("layers.0.mlp.down_proj"):
        return {"group_size": 32, "bits": 6}
    return not path.endswith("o_proj")


def head8(path, module):
    return {"group_size": 64, "bits": 8, "mode": "affine"} if path == "lm_head" else True


def one(name, seed, dtype, tied, bits, group, predicate=None, mode="affine", **more):
    with tempfile.TemporaryDirectory() as tmp:
        src, out = pathlib.Path(tmp) / "src", pathlib.Path(tmp) / "out"
        src.mkdir()
        source(src, seed, dtype, tied, **more)
        convert(str(src), str(out), quantize=True, q_bits=bits, q_group_size=group, q_mode=mode,
                quant_predicate=predicate)
        (here / name).mkdir(exist_ok=True)
        for f in KEEP:
            shutil.copyfile(out / f, here / name / f)
    model, _ = load_model(here / name)
    model.update(tree_map(lambda p: p.astype(mx.float32) if mx.issubdtype(p.dtype, mx.floating) else p,
                          model.parameters()))
    ids = np.random.default_rng(seed + 1).integers(3, VOCAB, 24).tolist()
    logits = np.array(model(mx.array([ids]))[0])
    assert logits.dtype == np.float32
    (here / f"{name}.ids").write_text(" ".join(map(str, ids)) + "\n")
    logits.astype("<f4").tofile(here / f"{name}.logits")
    print(name, float(np.abs(logits).max()))


one("int4_g32", 1, "float16", False, 4, 32)
one("mix_g64", 2, "bfloat16", True, 3, 64, mix)
one("yarn_int5", 3, "float32", False, 5, 32,
    rope_scaling={"rope_type": "yarn", "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64,
                  "attention_factor": 1.5})
one("mxfp4", 4, "bfloat16", False, 4, 32, head8, "mxfp4")
