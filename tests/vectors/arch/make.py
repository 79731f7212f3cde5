#!/usr/bin/env python3
"""Makes the architecture vectors: small random checkpoints and the logits transformers gives for them.

    python make.py [CASE…]          (writes beside itself; needs nothing from the network)

Made with transformers 5.23.0, torch 2.13.0+cpu, tokenizers as transformers brings it. See README.md for the files.
"""
import contextlib
import json
import math
import random
import shutil
import sys
import zlib
from pathlib import Path

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (AutoConfig, AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config)

HERE = Path(__file__).resolve().parent
TOKENS, PREFILL = 80, 40
CLASSES = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}

# One family for each size: vocabulary 64; the heads of "wide" have 32 rows, so that a ramp of YaRN has room.
SMALL = dict(vocab_size=64, hidden_size=32, intermediate_size=24, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
WIDE = dict(vocab_size=64, hidden_size=32, intermediate_size=24, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, head_dim=32, max_position_embeddings=64)
TWO = dict(WIDE, num_hidden_layers=2)
ONE = dict(SMALL, num_hidden_layers=1)
ODD = dict(ONE, hidden_size=48, num_attention_heads=3, num_key_value_heads=1, head_dim=32)
QWEN2_WIDE = dict(WIDE, hidden_size=64)   # qwen2: heads × size = hidden
del QWEN2_WIDE["head_dim"]


def rope(kind="default", theta=10000.0, **more):
    return dict(rope_type=kind, rope_theta=theta, **more)


def yarn(**more):
    """Range 0..4 of 16 pairs with the default betas; past the original context from position 16 on."""
    return rope("yarn", 100.0, factor=4.0, original_max_position_embeddings=16, **more)


LLAMA3 = rope("llama3", 500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
NO_WINDOW_KEY = "the GGUF architecture has no window"
NO_FREQS = "GGUF qwen2 and qwen3 take no frequency factors"
CASES = {}


def case(name, base, dtype="bfloat16", old=False, drop=(), put=None, put_rope=None, shard=None, gguf="exact", why="-",
         same=None, **over):
    """One vector. `old`: respell as transformers 4. `drop`, `put`: edit the saved config.json.

    same: a twin of that case (its seed, its weights by a link, its expected files).
    gguf: exact (the peer's own converter writes a right file), own (its file is wrong or does not load, yet the
    container can say the model), refused (the container cannot).
    """
    CASES[name] = dict(arch=name.split("_")[0], cfg=dict(base, **over), dtype=dtype, old=old, drop=drop,
                       put=put or {}, put_rope=put_rope or {}, shard=shard, gguf=gguf, why=why, seed=same or name)


def all_cases():
    # shapes
    case("llama_plain", SMALL, "float32", num_key_value_heads=4)
    case("llama_gqa_tied", SMALL, tie_word_embeddings=True)
    case("llama_mqa", ONE, num_key_value_heads=1)
    case("llama_bias", ONE, attention_bias=True, mlp_bias=True)
    case("llama_head_dim", ODD)
    case("llama_eps", ONE, rms_norm_eps=0.07)
    case("llama_f16", ONE, "float16")
    case("llama_sharded", SMALL, "float32", num_hidden_layers=11, hidden_size=16, intermediate_size=8,
         num_attention_heads=2, num_key_value_heads=1, vocab_size=96, shard="16KB")
    # rope
    case("llama_theta", ONE, rope_parameters=rope(theta=173.0))
    case("llama_theta_old", ONE, same="llama_theta", old=True, rope_parameters=rope(theta=173.0))
    case("llama_linear", WIDE, rope_parameters=rope("linear", factor=4.0))
    case("llama_linear_old", WIDE, same="llama_linear", old=True, rope_parameters=rope("linear", factor=4.0))
    case("llama_dynamic", TWO, max_position_embeddings=32, rope_parameters=rope("dynamic", factor=3.0),
         gguf="refused", why="dynamic NTK: the GGUF has no rope that depends on the length")
    case("llama_dynamic_old", TWO, same="llama_dynamic", old=True, max_position_embeddings=32,
         rope_parameters=rope("dynamic", factor=3.0),
         gguf="refused", why="dynamic NTK: the GGUF has no rope that depends on the length")
    case("llama_yarn", TWO, rope_parameters=yarn())
    case("llama_yarn_old", TWO, same="llama_yarn", old=True, rope_parameters=yarn())
    case("llama_yarn_beta", WIDE, rope_parameters=yarn(beta_fast=1.0, beta_slow=0.25), gguf="own",
         why="libllama reads no betas for llama: rope_freqs.weight and rope.scaling.attn_factor say it")
    case("llama_yarn_factor", WIDE, rope_parameters=yarn(attention_factor=1.7), gguf="own",
         why="libllama reads rope.scaling.attn_factor, the converter writes yarn_attn_factor")
    case("llama_yarn_mscale", WIDE, rope_parameters=yarn(mscale=2.0, mscale_all_dim=0.5), gguf="own",
         why="mscale is not written by the converter: rope.scaling.attn_factor says it")
    case("llama_yarn_mscale_one", WIDE, rope_parameters=yarn(mscale=2.0))
    case("llama_yarn_whole", WIDE, rope_parameters=yarn(truncate=False, beta_fast=1.0, beta_slow=0.25), gguf="own",
         why="truncate=false: rope_freqs.weight and rope.scaling.attn_factor say it")
    case("llama_yarn_noorig", WIDE, max_position_embeddings=16, rope_parameters=yarn(),
         drop=("rope_parameters.original_max_position_embeddings",))
    case("llama_yarn_toporig", WIDE, old=True, put={"original_max_position_embeddings": 48}, rope_parameters=yarn(),
         gguf="own", why="the converter writes the original context of the rope dict, the top-level key holds")
    case("llama_yarn_ratio", WIDE, put_rope={"factor": None}, rope_parameters=yarn(), gguf="own",
         why="factor null is the ratio of the two contexts; the converter then writes no scaling")
    case("llama_llama3", TWO, rope_parameters=LLAMA3)
    case("llama_llama3_old", TWO, same="llama_llama3", old=True, rope_parameters=LLAMA3)
    case("llama_partial", ONE, put={"partial_rotary_factor": 0.5})
    # left out: the defaults of the classes
    case("llama_bare", dict(SMALL, num_key_value_heads=4), tie_word_embeddings=False,
         drop=("num_key_value_heads", "head_dim", "rope_parameters", "rms_norm_eps", "tie_word_embeddings",
               "max_position_embeddings", "attention_bias", "mlp_bias", "hidden_act", "dtype", "architectures"),
         gguf="own", why="no architectures key: the converter stops")
    # mistral
    case("mistral_plain", SMALL, sliding_window=None)
    case("mistral_head_dim", ODD, sliding_window=None, hidden_size=48, num_attention_heads=3, num_key_value_heads=1,
         head_dim=32, rope_parameters=rope(theta=1000000.0), tie_word_embeddings=True)
    case("mistral_window", SMALL, sliding_window=16, gguf="refused", why=NO_WINDOW_KEY)
    case("mistral_window_old", SMALL, same="mistral_window", old=True, sliding_window=16, gguf="refused",
         why=NO_WINDOW_KEY)
    case("mistral_window_all", ONE, sliding_window=128)
    case("mistral_window_yarn", TWO, sliding_window=24, rope_parameters=yarn(), gguf="refused", why=NO_WINDOW_KEY)
    case("mistral_bare", dict(SMALL, hidden_size=64, num_attention_heads=16, num_hidden_layers=1),
         num_key_value_heads=8, max_position_embeddings=4096 * 32, sliding_window=4096,
         drop=("num_key_value_heads", "head_dim", "rope_parameters", "rms_norm_eps", "tie_word_embeddings",
               "max_position_embeddings", "sliding_window", "hidden_act", "dtype"),
         gguf="refused", why=NO_WINDOW_KEY)
    # qwen2
    case("qwen2_plain", SMALL)
    case("qwen2_tied_theta", ONE, tie_word_embeddings=True, rope_parameters=rope(theta=1000000.0))
    case("qwen2_theta_old", ONE, old=True, rope_parameters=rope(theta=211.0))
    case("qwen2_kv_null", ONE, num_key_value_heads=4, put={"num_key_value_heads": None})
    case("qwen2_head_dim", ODD, gguf="refused", why="GGUF qwen2 has heads × size = hidden size")
    case("qwen2_window", dict(SMALL, num_hidden_layers=3), use_sliding_window=True, sliding_window=16, max_window_layers=1,
         gguf="refused", why=NO_WINDOW_KEY)
    case("qwen2_window_derived", dict(SMALL, num_hidden_layers=3), same="qwen2_window", use_sliding_window=True,
         sliding_window=16, max_window_layers=1, drop=("layer_types",), gguf="refused", why=NO_WINDOW_KEY)
    case("qwen2_window_types", dict(SMALL, num_hidden_layers=3), use_sliding_window=True, sliding_window=16,
         max_window_layers=28, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
         gguf="refused", why=NO_WINDOW_KEY)
    case("qwen2_window_off", ONE, put={"use_sliding_window": False, "sliding_window": 16, "max_window_layers": 0})
    case("qwen2_window_deep", SMALL, use_sliding_window=True, sliding_window=16, max_window_layers=2)
    case("qwen2_yarn", QWEN2_WIDE, rope_parameters=yarn())
    case("qwen2_llama3", QWEN2_WIDE, rope_parameters=LLAMA3, gguf="refused", why=NO_FREQS)
    case("qwen2_bare", dict(SMALL, hidden_size=64, num_attention_heads=32, num_hidden_layers=1),
         num_key_value_heads=32, max_position_embeddings=32768,
         drop=("num_key_value_heads", "rope_parameters", "rms_norm_eps", "tie_word_embeddings", "max_position_embeddings",
               "sliding_window", "use_sliding_window", "max_window_layers", "layer_types", "hidden_act", "dtype"))
    # qwen3
    case("qwen3_plain", SMALL, "float32", head_dim=8)
    case("qwen3_head_dim_tied", ODD, tie_word_embeddings=True, rope_parameters=rope(theta=1000000.0))
    case("qwen3_bias", ONE, head_dim=8, attention_bias=True, gguf="refused",
         why="attention_bias: GGUF qwen3 has no bias on attn_output")
    case("qwen3_linear_old", WIDE, old=True, rope_parameters=rope("linear", factor=4.0))
    case("qwen3_yarn", TWO, rope_parameters=yarn())
    case("qwen3_yarn_beta", WIDE, rope_parameters=yarn(beta_fast=1.0, beta_slow=0.25), gguf="refused",
         why="libllama reads no betas for qwen3, and no frequency factors")
    case("qwen3_yarn_beta_same", WIDE, rope_parameters=yarn(beta_fast=24.0, beta_slow=0.9))
    case("qwen3_yarn_whole", WIDE, rope_parameters=yarn(truncate=False), gguf="refused",
         why="truncate=false: the range is always whole numbers in libllama")
    case("qwen3_yarn_factor", WIDE, rope_parameters=yarn(attention_factor=1.7), gguf="own",
         why="libllama reads rope.scaling.attn_factor, the converter writes yarn_attn_factor")
    case("qwen3_dynamic", TWO, max_position_embeddings=32, rope_parameters=rope("dynamic", factor=3.0),
         gguf="refused", why="dynamic NTK: the GGUF has no rope that depends on the length")
    case("qwen3_llama3", WIDE, rope_parameters=LLAMA3, gguf="refused", why=NO_FREQS)
    case("qwen3_window", dict(SMALL, num_hidden_layers=3), head_dim=8, use_sliding_window=True, sliding_window=16,
         max_window_layers=1, gguf="refused", why=NO_WINDOW_KEY)
    case("qwen3_bare", dict(SMALL, hidden_size=16, num_attention_heads=2, num_hidden_layers=1),
         num_key_value_heads=2, head_dim=128, max_position_embeddings=32768, put={"num_key_value_heads": None},
         drop=("head_dim", "rope_parameters", "rms_norm_eps", "tie_word_embeddings", "max_position_embeddings",
               "sliding_window", "use_sliding_window", "max_window_layers", "layer_types", "attention_bias",
               "hidden_act", "dtype"))


def tokenizer_write(folder):
    """A byte-level BPE over part of the bytes: 61 tokens, so that a vocabulary of 64 has three holes."""
    letters = "Ċ Ġ".split() + list("abcdefghijklmnopqrstuvwxyzABCDEHILMNOSTW0123456789.,!?'")
    merges = [("t", "h"), ("Ġ", "t"), ("h", "e")]
    vocab = {t: i for i, t in enumerate(letters + ["".join(m) for m in merges])}
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.add_special_tokens([AddedToken("<|bos|>", special=True), AddedToken("<|end|>", special=True)])
    tok.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|bos|>", "eos_token": "<|end|>",
        "add_bos_token": False, "clean_up_tokenization_spaces": False, "model_max_length": 128}, indent=2) + "\n")


def weights_fill(model, seed):
    """Attention far from flat and logits of a few units: a wrong rope or window moves them by about their own size."""
    gen = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    with torch.no_grad():
        for name, w in model.named_parameters():
            r = torch.randn(w.shape, generator=gen)
            if "norm" in name:
                w.copy_(1.0 + 0.25 * r)
            elif name.endswith(".bias"):
                w.copy_(0.3 * r)
            elif "q_proj" in name or "k_proj" in name:
                w.copy_(r * 1.6 / math.sqrt(w.shape[1]))
            elif "embed" in name:
                w.copy_(0.5 * r)
            else:
                w.copy_(r / math.sqrt(w.shape[1]))


def config_edit(path, c):
    cfg = json.loads(path.read_text())
    if c["old"]:
        params = cfg.pop("rope_parameters")
        cfg["rope_theta"] = params.pop("rope_theta")
        kind = params.pop("rope_type")
        cfg["rope_scaling"] = None if kind == "default" else {"type": kind, **params}
        cfg["torch_dtype"] = cfg.pop("dtype")
        cfg["transformers_version"] = "4.40.0"
    for key in c["drop"]:
        at, *rest = key.split(".")
        cfg[at].pop(rest[0]) if rest else cfg.pop(at, None)
    cfg.update(c["put"])
    if c["put_rope"]:
        cfg["rope_parameters"].update(c["put_rope"])
    path.write_text(json.dumps(cfg, indent=2, sort_keys=True) + "\n")


class WideTorch:
    """`torch` with float64 where a model's source says float32 (norms, softmax and rope are computed there)."""
    float32 = float = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


@contextlib.contextmanager
def all_double():
    mods = [m for n, m in sys.modules.items() if n.startswith("transformers.") and getattr(m, "torch", None) is torch
            and (".modeling_rope_utils" in n or n.split(".")[-1].startswith("modeling_") and ".models." in n)]
    old_float, wide = torch.Tensor.float, WideTorch()
    for m in mods:
        m.torch = wide
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = old_float
        for m in mods:
            m.torch = torch


def load(folder, dtype, auto=True):
    cfg = AutoConfig.from_pretrained(folder) if auto else None
    return AutoModelForCausalLM.from_pretrained(folder, config=cfg, dtype=dtype, attn_implementation="eager").eval()


def logits_at_once(folder, ids, dtype=torch.float32):
    with torch.no_grad():
        return load(folder, dtype)(ids[None]).logits[0]


def logits_by_step(folder, ids):
    """A prefill of 40 positions, then one token at a time, from one fresh model (dynamic rope keeps state)."""
    model = load(folder, torch.float32)
    with torch.no_grad():
        out = model(ids[None, :PREFILL], use_cache=True)
        rows = [out.logits[0]]
        for i in range(PREFILL, len(ids)):
            out = model(ids[None, i:i + 1], past_key_values=out.past_key_values, use_cache=True)
            rows.append(out.logits[0])
    return torch.cat(rows)


def moved(folder, ids, truth):
    """How far the logits go when one thing that the config says is not heeded, as a share of the largest logit."""
    said = AutoConfig.from_pretrained(folder)
    found = {}

    def without(label, **change):
        cfg = AutoConfig.from_pretrained(folder)
        for key, value in change.items():
            setattr(cfg, key, value)
        model = AutoModelForCausalLM.from_pretrained(folder, config=cfg, dtype=torch.float32,
                                                     attn_implementation="eager").eval()
        with torch.no_grad():
            far = (model(ids[None]).logits[0].double() - truth).abs().max() / truth.abs().max()
        found[label] = f"{label}={far.item():.0e}"

    params = dict(said.rope_parameters)
    kind, theta = params["rope_type"], params["rope_theta"]
    if kind != "default":
        without("rope", rope_parameters=rope(theta=theta))
        for key in sorted(set(params) - {"rope_type", "rope_theta", "factor", "original_max_position_embeddings",
                                         "low_freq_factor", "high_freq_factor"}):
            without(key, rope_parameters={k: v for k, v in params.items() if k != key})
        if hasattr(said, "original_max_position_embeddings"):
            without("original", original_max_position_embeddings=16)
    if theta != 10000.0:
        without("theta", rope_parameters=dict(params, rope_theta=10000.0))
    if getattr(said, "sliding_window", None) and said.sliding_window < TOKENS:
        without("window", sliding_window=TOKENS)
    if said.rms_norm_eps != 1e-6:
        without("eps", rms_norm_eps=1e-6)
    return ",".join(found.values()) or "-"


def make(name, c):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    cfg = CLASSES[c["arch"]](**json.loads(json.dumps(c["cfg"])), bos_token_id=59, eos_token_id=60)
    model = AutoModelForCausalLM.from_config(cfg, dtype=torch.float32)
    weights_fill(model, c["seed"])
    model = model.to(getattr(torch, c["dtype"]))
    model.config.dtype = c["dtype"]
    model.save_pretrained(folder, **({"max_shard_size": c["shard"]} if c["shard"] else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    if c["seed"] != name:       # as in a hub's cache, where every file is a link
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors").symlink_to(Path("..") / c["seed"] / "model.safetensors")
    config_edit(folder / "config.json", c)
    tokenizer_write(folder)

    rng = random.Random(c["seed"])
    ids = torch.tensor([rng.randrange(cfg.vocab_size) for _ in range(TOKENS)])
    once = logits_at_once(folder, ids)
    step = logits_by_step(folder, ids)
    with all_double():
        truth = logits_at_once(folder, ids, torch.float64)
    assert once.dtype == step.dtype == torch.float32 and truth.dtype == torch.float64
    top = truth.abs().max().item()
    floor = (once.double() - truth).abs().max().item() / top
    apart = (once - step).abs().max().item() / top
    by_step = apart > 1e-4
    once, step = (t.contiguous().numpy().astype("<f4").tobytes() for t in (once, step))
    if c["seed"] == name:
        (HERE / f"{name}.ids").write_text(" ".join(map(str, ids.tolist())) + "\n")
        (HERE / f"{name}.logits").write_bytes(once)
        (HERE / f"{name}.steps").unlink(missing_ok=True)
        if by_step:
            (HERE / f"{name}.steps").write_bytes(step)
    else:                       # a twin: the same weights, the config told otherwise, the same bits
        assert once == (HERE / f"{c['seed']}.logits").read_bytes()
    row = [name, c["arch"], c["seed"], TOKENS, cfg.vocab_size, f"{top:.4f}", f"{floor:.1e}", f"{apart:.1e}",
           "steps" if by_step else "-", moved(folder, ids, truth), c["gguf"], c["why"]]
    print(*row, sep="\t", flush=True)
    return row


def main():
    assert transformers.__version__ == "5.23.0", transformers.__version__
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    all_cases()
    only = sys.argv[1:]
    rows = [make(n, c) for n, c in CASES.items() if not only or n in only]
    if not only:
        head = ["name", "arch", "expect", "tokens", "vocab", "max_logit", "f32_floor", "step_apart",
                "steps", "moved", "gguf", "why"]
        (HERE / "cases.tsv").write_text("\n".join("\t".join(map(str, r)) for r in [head, *rows]) + "\n")


main()
