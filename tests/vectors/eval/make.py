#!/usr/bin/env python3
"""Quality of the shipped model on the first windows of its held-out text, by transformers. Run from the project's root:

    python tests/vectors/eval/make.py > tests/vectors/eval/austen.json

Made with transformers 5.23, torch (CPU, float32), tokenizers. Windows of 256 positions without overlap,
each run by itself; the target of a position is the text's next token. Sums in float64.
"""
import json

import tokenizers
import torch
import transformers

DIR, WINDOW, N = "models/austen-3.7m", 256, 4

torch.set_num_threads(1)
model = transformers.AutoModelForCausalLM.from_pretrained(DIR, dtype=torch.float32, attn_implementation="eager").eval()
tok = tokenizers.Tokenizer.from_file(f"{DIR}/tokenizer.json")
with open(f"{DIR}/text/heldout.txt", encoding="utf-8") as f:
    ids = tok.encode(f.read(), add_special_tokens=False).ids
out = {"transformers": transformers.__version__, "torch": torch.__version__, "window": WINDOW, "tokens": len(ids),
       "windows": []}
with torch.no_grad():
    for w in range(N):
        x, y = ids[w * WINDOW:(w + 1) * WINDOW], torch.tensor(ids[w * WINDOW + 1:(w + 1) * WINDOW + 1])
        logits = model(torch.tensor([x])).logits[0].double()
        lp = torch.log_softmax(logits, -1)
        top2 = logits.topk(2, -1).values
        out["windows"].append({"nll": float(-lp[torch.arange(len(y)), y].sum()), "hits": int((lp.argmax(-1) == y).sum()),
                               "closest": float((top2[:, 0] - top2[:, 1]).min())})
print(json.dumps(out, indent=1))
