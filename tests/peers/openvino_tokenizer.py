#!/usr/bin/env python3
"""openvino_tokenizer.py PARE VECTORS MODEL… - the tokenizer models that pare writes for OpenVINO, run by OpenVINO.

MODEL: a Hugging Face directory; or a tokenizer.json, to which a model of one narrow layer is made, with
@STYLE cutting texts as another family does. For every text of VECTORS
(ggml-vocab-*.inp) and those below: the ids of `openvino_genai.Tokenizer` are those of `pare tokenize --special`, its text
is what `pare tokenize --decode` makes of those that are not special; and what its callers can ask for is heeded. A tokenizer that pare says it cannot write is told, and must have no file.
Status 1 if anything is wrong. openvino-genai 2026.4.1, openvino-tokenizers 2026.4.1."""
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import openvino_genai
from safetensors.numpy import save_file

OWN = ["", " ", "  ", "\n", "\t\ta", "It is a truth", " a  b   c", "\u00e9\u0301e\u0301", "\u65e5\u672c\u8a9e", "\U0001f642\U0001f469\u200d\U0001f469",
       "don't I'LL we've", "1234567 3.14", "\x01\x7f", "a\u00a0b\u3000c", "\ufeff", "\n\u180e's\x85\u180e a\x0b", "<s></s><unk>", "<|endoftext|>x<|pad|> y",
       "<|end|>\n<|user|> hi", "<|endoftext", "\r\n\r\n  x", "\u2581a \u2581", "<0x0A>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "<0xE2><0x96><0x81>\u2581", "\u2581<s>\u2581</s> <s>", "  <|end|> \n\n <|user|>\u00a0x <|end|><|end|>  ", "a\r\nb.c$\n^d\u2028e\n\nf",
       "<pad>  <mask> \t<pad>\u3000", "\u212a\uff1c\uff5cend\uff5c\uff1e", "the then there of off " * 3, "\U0001f642\u00e9\u4e2d" * 7]


def texts(vectors):
    out = list(OWN)
    for path in sorted(glob.glob(os.path.join(vectors, "ggml-vocab-*.inp"))):
        out += open(path, encoding="utf-8", newline="").read().split("\n__ggml_vocab_test__\n")
    return sorted(set(out))


# What families ask for beside austen's own: Qwen's normal form and pattern, Llama 3's pattern, StarCoder's two cuts.
LLAMA3 = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
          "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def cut(pattern):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}


STYLES = {
    "qwen2": {"normalizer": {"type": "NFC"}, "pre_tokenizer": cut(LLAMA3.replace("{1,3}", ""))},
    "llama-3": {"pre_tokenizer": cut(LLAMA3)},
    "starcoder": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]}},
}


def no_way(words):
    """ignore_merges, and words that no merge leads to."""
    model = words["model"]
    by_id = sorted((i, t) for t, i in model["vocab"].items() if len(t) > 2)
    gone = {t for _, t in by_id[::7]}
    join = "".join if isinstance(model["merges"][0], list) else lambda m: m.replace(" ", "", 1)
    return words | {"model": model | {"ignore_merges": True, "merges": [m for m in model["merges"] if join(m) not in gone]}}


def greedy(words):
    """Added tokens that swallow white space."""
    n = 1 + max(list(words["model"]["vocab"].values()) + [t["id"] for t in words["added_tokens"]])
    more = [{"id": n + i, "content": c, "single_word": False, "lstrip": left, "rstrip": right, "normalized": False, "special": True}
            for i, (c, left, right) in enumerate([("<|end|>", True, False), ("<pad>", False, True), ("<mask>", True, True)])]
    return words | {"added_tokens": words["added_tokens"] + more}


def unknown(words):
    """No bytes for letters that are none, and a run of these is one."""
    model = words["model"]
    return words | {"model": model | {"byte_fallback": False, "fuse_unk": True, "unk_token": "<unk>"}}


CHANGES = {"no way": no_way, "greedy": greedy, "unknown": unknown,
           "lines": lambda words: words | {"pre_tokenizer": cut("^.+$|\\s+")}}


def narrow(tokenizer, folder, style=None):
    """A model of one layer around a tokenizer, which may get another style."""
    words = json.load(open(tokenizer, encoding="utf-8"))
    words = CHANGES[style](words) if style in CHANGES else words | STYLES.get(style, {})
    n = 1 + max(list(words["model"]["vocab"].values()) + [t["id"] for t in words["added_tokens"]])
    d, ff = 32, 32
    rng = np.random.default_rng(1)
    shapes = {"model.embed_tokens.weight": (n, d), "lm_head.weight": (n, d), "model.norm.weight": (d,),
              **{"model.layers.0." + k: v for k, v in {
                  "input_layernorm.weight": (d,), "post_attention_layernorm.weight": (d,), "self_attn.q_proj.weight": (d, d),
                  "self_attn.k_proj.weight": (d, d), "self_attn.v_proj.weight": (d, d), "self_attn.o_proj.weight": (d, d),
                  "mlp.gate_proj.weight": (ff, d), "mlp.up_proj.weight": (ff, d), "mlp.down_proj.weight": (d, ff)}.items()}}
    os.makedirs(folder)
    save_file({k: (rng.standard_normal(s) / 8).astype(np.float16) for k, s in shapes.items()},
              os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    json.dump({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": n, "hidden_size": d,
               "intermediate_size": ff, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1,
               "rms_norm_eps": 1e-5, "max_position_embeddings": 256, "rope_theta": 10000.0, "tie_word_embeddings": False,
               "torch_dtype": "float16"}, open(os.path.join(folder, "config.json"), "w"))
    json.dump(words, open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8"))
    return folder


def ask(*words):
    return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)


def options(pare, model, peer, name):
    """What OpenVINO GenAI's callers ask for (a chat template's text comes without a second BOS): told by the models' rt_info
    that it may; without that it is ignored in silence."""
    text, wrong = "It is a truth", []
    framed = ask(pare, "tokenize", model, text, "--special", "--json")["ids"]
    bare = ask(pare, "tokenize", model, text, "--json")["ids"]

    def ids(**more):
        return [int(x) for x in peer.encode(text, **more).input_ids.data.reshape(-1)]

    def row(**more):
        return [int(x) for x in peer.encode(text, **more).attention_mask.data.reshape(-1)]
    path = os.path.join(model, "tokenizer.json")
    if ids(add_special_tokens=False) != bare:
        wrong.append("add_special_tokens=False")
    if ids(add_special_tokens=True) != framed:  # what was asked before does not stay
        wrong.append("add_special_tokens=True")
    n = len(framed)
    if sorted(row(max_length=n + 3, pad_to_max_length=True)) != [0] * 3 + [1] * n:
        wrong.append("pad_to_max_length")
    special = [t for t in json.load(open(path, encoding="utf-8"))["added_tokens"] if t["special"]] if os.path.exists(path) else []
    for t in special:
        if t["content"] not in peer.decode(bare + [t["id"]], skip_special_tokens=False):
            wrong.append("skip_special_tokens=False for " + t["content"])
        if t["content"] in peer.decode(bare + [t["id"]], skip_special_tokens=True):
            wrong.append("skip_special_tokens=True for " + t["content"])
    for w in wrong:
        print(f"{name}\t{w} is not heeded")
    return len(wrong)


TEMPLATE = ("{{ bos_token }}{% for m in messages %}{% if m['role'] == \"user\" and 1 < 2 %}{# \r\n #}\n\t<|user|>\n{{ m['content'] }} & \u2581 "
            "{%- else %}{{ '<a>' + m.content + '\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|go|>{% endif %}  ")
SAID = [{"role": "user", "content": "It <is> \n a \"truth\""}, {"role": "assistant", "content": "yes & no"}, {"role": "user", "content": "\u65e5"}]
# By transformers 5.23.
RENDERED = "\t<|user|>\nIt <is> \n a \"truth\" & \u2581<a>yes & no\n\t<|user|>\n\u65e5 & \u2581<|go|>  "


def chat(pare, model, tmp):
    """The chat template stands in the tokenizer's model: the same text comes without the files beside it."""
    model, out = narrow(model, os.path.join(tmp, "model")), os.path.join(tmp, "ir")
    json.dump({"chat_template": TEMPLATE, "bos_token": ""}, open(os.path.join(model, "tokenizer_config.json"), "w"))
    ask(pare, "convert", model, "--to", "openvino", "-o", out, "--json")
    with_files = openvino_genai.Tokenizer(out).apply_chat_template(SAID, add_generation_prompt=True)
    os.remove(os.path.join(out, "tokenizer_config.json"))
    peer = openvino_genai.Tokenizer(out)
    alone = peer.apply_chat_template(SAID, add_generation_prompt=True)
    bad = peer.get_original_chat_template() != TEMPLATE or alone != with_files or alone != RENDERED
    print(f"chat template\t{'WRONG' if bad else 'the same'}", *([repr(alone), repr(with_files)] if bad else []))
    return bad


def one(pare, model, all_texts, tmp):
    model, _, style = model.partition("@")
    name = os.path.basename(model.rstrip("/")) + (" as " + style if style else "")
    if os.path.isfile(model):
        model = narrow(model, os.path.join(tmp, "model"), style)
    words = json.load(open(os.path.join(model, "tokenizer.json"), encoding="utf-8"))
    special = {t["id"] for t in words["added_tokens"] if t["special"]}
    if style in ("gguf", "spm"):
        words = ["--to", "gguf", "--allow-inexact", "-o", os.path.join(tmp, "model.gguf")]
        ask(pare, "convert", model, *words, "--json")
        model = words[-1]
    if style == "spm":
        ask(pare, "convert", model, "--to", "hf", "-o", os.path.join(tmp, "spm"), "--json")
        model = os.path.join(tmp, "spm")
    out = os.path.join(tmp, "ir")
    said = ask(pare, "convert", model, "--to", "openvino", "-o", out, "--json")
    if not os.path.exists(os.path.join(out, "openvino_tokenizer.xml")):
        why = [w for w in said.get("warnings", []) if "openvino_tokenizer.xml" in w]
        print(f"{name}\trefused\t{why[0] if why else 'WITHOUT A WORD'}")
        return not why
    peer, wrong = openvino_genai.Tokenizer(out), 0
    for text in all_texts:
        path = os.path.join(tmp, "text")
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        want = ask(pare, "tokenize", model, "-f", path, "--special", "--json")["ids"] if text else None
        got = [int(x) for x in peer.encode(text).input_ids.data.reshape(-1)]
        if want is not None and got != want:
            wrong += 1
            print(f"{name}\tids of {text[:40]!r}: {got[:24]} instead of {want[:24]}")
        kept = [x for x in got if x not in special]
        if not kept:
            continue
        back = ask(pare, "tokenize", model, "--decode", " ".join(map(str, kept)), "--json")["text"]
        if peer.decode(got) != back:
            wrong += 1
            print(f"{name}\ttext of {text[:40]!r}: {peer.decode(got)!r} instead of {back!r}")
    wrong += options(pare, model, peer, name)
    print(f"{name}\t{len(all_texts)} texts\t{wrong} wrong")
    return wrong > 0


def main():
    pare, vectors, models = sys.argv[1], sys.argv[2], sys.argv[3:]
    all_texts, bad = texts(vectors), False
    with tempfile.TemporaryDirectory() as tmp:
        bad |= chat(pare, os.path.join(models[0], "tokenizer.json"), tmp)
    for model in models:
        with tempfile.TemporaryDirectory() as tmp:
            bad |= one(pare, model, all_texts, tmp)
    sys.exit(bad)


if __name__ == "__main__":
    main()
