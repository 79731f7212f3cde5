#!/usr/bin/env python3
"""python transformers_side.py make OUT            five random models, one of each architecture and one with a window
   python transformers_side.py logits LIST         for each line of LIST, "MODEL IDS OUT": float32 logits of every position

What parity_matrix.py asks of transformers 5.23 (torch 2.13, eager attention). The models are as large as every runtime's 4-bit
groups, blocks and heads want: rows of 256 and 512, heads of 32. Their weights are drawn as the architecture vectors' are.
"""
import importlib.util
import os
import pathlib
import sys

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
from transformers import AutoModelForCausalLM

here = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("arch_make", here.parent / "vectors/arch/make.py")
arch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(arch)
SIZE = dict(vocab_size=512, hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=2,
            max_position_embeddings=256, bos_token_id=60, eos_token_id=61)
MODELS = {"llama-256": {}, "mistral-256": dict(sliding_window=None), "mistral-256-window": dict(sliding_window=32),
          "qwen2-256": dict(rope_parameters=arch.rope(theta=1e6)), "qwen3-256": dict(head_dim=32)}


def make(out):
    for name, more in MODELS.items():
        model = AutoModelForCausalLM.from_config(arch.CLASSES[name.split("-")[0]](**SIZE, **more), dtype=torch.float32)
        arch.weights_fill(model, name)
        model.save_pretrained(out / name)
        arch.tokenizer_write(out / name)


def logits(lines):
    for line in lines.read_text().splitlines():
        model, ids, out = line.split("\t")
        given = torch.tensor([int(w) for w in pathlib.Path(ids).read_text().split()])
        arch.logits_at_once(pathlib.Path(model), given).numpy().astype("<f4").tofile(out)


torch.set_num_threads(1)
{"make": make, "logits": logits}[sys.argv[1]](pathlib.Path(sys.argv[2]))
