#!/usr/bin/env python3
"""python openvino_genai_ids.py LIST

For each folder named in LIST: LLMPipeline, opened as the folder is, continues 16 ids by 24, the likeliest each time; so does
openvino.Core with the same file, whose logits parity_matrix.py has compared. One line each: the folder, a tab, `same`, or what is
otherwise. Both compute in float32 with a float32 state. openvino, openvino-genai 2026.4.1.

Where they part, both ids stand there with the distance of their logits in Core's row, as a share of the largest: below 1e-4, the
bound of `exact`, it is a tie that another order of sums decides.
"""
import os
import pathlib
import sys

os.environ.update(OPENVINO_TELEMETRY="0", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import numpy as np
import openvino as ov
import openvino_genai as og

PROMPT, NEW, TIE = 16, 24, 1e-4
plain = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
core = ov.Core()


def rows(request, ids, at):
    request.infer({"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, at + len(ids)), np.int64),
                   "position_ids": np.arange(at, at + len(ids))[None], "beam_idx": np.zeros(1, np.int32)})
    return request.get_tensor("logits").data[0][-1].copy()


def one(folder):
    request = core.compile_model(os.path.join(folder, "openvino_model.xml"), "CPU", plain).create_infer_request()
    prompt = [(i * 7919 + 11) % 50 for i in range(PROMPT)]
    row, want, seen = rows(request, prompt, 0), [], []
    for i in range(NEW):
        seen.append(row)
        want.append(int(row.argmax()))
        row = rows(request, want[-1:], PROMPT + i)
    pipe = og.LLMPipeline(folder, "CPU", **plain)
    config = og.GenerationConfig(max_new_tokens=NEW, do_sample=False, ignore_eos=True)
    ids = ov.Tensor(np.array([prompt], np.int64))
    mask = ov.Tensor(np.ones((1, PROMPT), np.int64))
    got = pipe.generate(og.TokenizedInputs(ids, mask), config).tokens[0]
    if len(got) != NEW:
        return f"{len(got)} ids of {NEW}"
    for i, (a, b) in enumerate(zip(want, got)):
        if a != b:
            gap = float((seen[i][a] - seen[i][b]) / np.abs(seen[i]).max())
            return "same" if gap <= TIE else f"parts at {i}: {b}, not {a}, {gap:.1e} apart"
    return "same"


for folder in pathlib.Path(sys.argv[1]).read_text().splitlines():
    try:
        said = one(folder)
    except Exception as e:                              # whatever it raises is the finding
        said = "fails: " + " ".join(str(e).split())[-300:]
    print(folder, said, sep="\t", flush=True)
