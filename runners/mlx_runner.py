"""mlx_runner.py - MLX for pare: a child of pare that speaks docs/runner-protocol.md.

Run by the user's own Python, the one that has mlx_lm. It opens a directory as mlx_lm.load does (the model
only: pare brings its own tokenizer), on the CPU, and gives float32 logits.
"""
import json
import mmap
import os
import sys
import threading
import time

PROTOCOL, LOGITS_FD, BATCH = 1, 3, 512


class Failure(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def die_with_parent():
    """When our input ends, pare is gone: so are we, even in the midst of a computation."""
    import select

    p = select.poll()
    p.register(0, 0)
    while True:
        for _, event in p.poll():
            if event & (select.POLLHUP | select.POLLERR):
                os._exit(0)


class Runtime:
    def __init__(self):
        self.model = self.cache = self.shared = None
        self.vocab = self.context = 0
        self.exact = False

    def load(self):
        import importlib.metadata
        import mlx.core as mx
        import mlx_lm.utils

        mx.set_default_device(mx.cpu)
        self.mx = mx
        self.utils = mlx_lm.utils
        self.versions = "mlx-lm %s on mlx %s" % (importlib.metadata.version("mlx-lm"), mx.__version__)
        self.path = os.path.dirname(mlx_lm.__file__)

    def check(self):
        """A small product whose sum is known, through the quantizer and back, and a llama of zeros."""
        mx = self.mx
        from mlx_lm.models import llama

        args = llama.ModelArgs.from_dict(
            dict(model_type="llama", hidden_size=32, num_hidden_layers=1, intermediate_size=32, num_attention_heads=1,
                 num_key_value_heads=1, rms_norm_eps=1e-6, vocab_size=8, rope_theta=10000.0, tie_word_embeddings=False))
        model = llama.Model(args)
        from mlx.utils import tree_map

        model.update(tree_map(mx.zeros_like, model.parameters()))
        eye = mx.zeros((8, 32))
        for i in range(8):
            eye[i, i] = 1.0
        model.model.embed_tokens.weight = eye
        model.lm_head.weight = mx.concatenate([eye[-1:], eye[:-1]])
        model.model.norm.weight = mx.ones((32,))
        out = model(mx.array([[3, 5]])).astype(mx.float32)
        mx.eval(out)
        got = out[0].tolist()
        for row, token in zip(got, (3, 5)):
            for j, v in enumerate(row):
                want = 5.656854 if j == token + 1 else 0.0
                if not abs(v - want) < 1e-3:
                    raise Failure("internal", "a tiny model gave logit %g in place of %g" % (v, want))

    def hello(self, q):
        a = dict(protocol=PROTOCOL, found=False, verified=False, path="", version="", devices=[], arithmetic="",
                 state="", reason="")
        try:
            self.load()
        except Exception as e:
            a["reason"] = "%s: %s" % (sys.executable, e)
            return a
        a.update(found=True, path=self.path, version=self.versions, devices=["CPU"],
                 arithmetic="the type of the weights: float16, bfloat16 or float32; quantized weights times activations "
                            "of that type", state="as the weights")
        if q.get("check"):
            try:
                self.check()
                a["verified"] = True
            except Exception as e:
                a["reason"] = str(e)
        return a

    def open(self, q):
        from pathlib import Path

        mx = self.mx
        path = Path(q["path"])
        if not (path / "config.json").is_file():
            raise Failure("input", "%s: no config.json, expected an MLX or Hugging Face directory" % path)
        try:
            got = self.utils.load_model(path, lazy=False)
        except Exception as e:
            raise Failure("unsupported", "does not load %s: %s: %s" % (path, type(e).__name__, e))
        self.model, config = got[0], got[1]
        self.exact = q.get("arithmetic") == "exact"
        if self.exact:
            def widen(v):
                return v.astype(mx.float32) if v.dtype in (mx.float16, mx.bfloat16) else v

            from mlx.utils import tree_map

            self.model.update(tree_map(widen, self.model.parameters()))
            mx.eval(self.model.parameters())
        text = config.get("text_config", config)
        self.context = q.get("context") or min(int(text.get("max_position_embeddings", 4096)), 4096)
        self.reset({})
        out = self.model(mx.array([[0]]), cache=self.cache)
        self.vocab = int(out.shape[-1])
        kind = str(out.dtype).split(".")[-1]
        self.reset({})
        return dict(vocab=self.vocab, context=self.context,
                    arithmetic="%s sums, quantized weights times %s activations" % (kind, kind), state=kind)

    def step(self, ids, rows):
        """Logits [rows, vocab] of the last `rows` tokens, float32, computed."""
        mx = self.mx
        kept = []
        for at in range(0, len(ids), BATCH):
            part = ids[at:at + BATCH]
            out = self.model(mx.array([part]), cache=self.cache)
            first = max(0, len(ids) - rows - at)
            if first < len(part):
                kept.append(out[0, first:].astype(mx.float32))
            mx.eval(kept[-1:], [c.state for c in self.cache])
        return mx.concatenate(kept) if kept else mx.zeros((0, self.vocab))

    def ids(self, q):
        ids = q.get("ids")
        if self.model is None:
            raise Failure("usage", "no model is open")
        if not isinstance(ids, list) or not ids or not all(type(i) is int and 0 <= i < self.vocab for i in ids):
            raise Failure("usage", "ids: a list of numbers below %d was expected" % self.vocab)
        return ids

    def eval(self, q):
        ids, rows = self.ids(q), int(q.get("rows", 0))
        if self.shared is None:
            size = os.fstat(LOGITS_FD).st_size
            self.shared = mmap.mmap(LOGITS_FD, size)
        if not 0 <= rows <= len(ids) or rows * self.vocab * 4 > len(self.shared):
            raise Failure("usage", "rows: %d do not fit" % rows)
        out = self.step(ids, rows)
        view = memoryview(self.mx.contiguous(out)).cast("B") if rows else b""
        self.shared[:len(view)] = view
        return dict(rows=rows, vocab=self.vocab)

    def time(self, q):
        ids, n, ns = self.ids(q), int(q.get("n", 0)), []
        start = time.monotonic_ns()
        out = self.step(ids, 1)
        self.mx.eval(out)
        prompt = time.monotonic_ns() - start
        for _ in range(n):
            start = time.monotonic_ns()
            token = int(self.mx.argmax(out[-1]))
            out = self.step([token], 1)
            ns.append(time.monotonic_ns() - start)
        return dict(prompt_ns=prompt, ns=ns)

    def reset(self, q):
        from mlx_lm.models.cache import make_prompt_cache

        if self.model is not None:
            self.cache = make_prompt_cache(self.model)
        return {}


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints goes to stderr: our answers are alone on the output
    threading.Thread(target=die_with_parent, daemon=True).start()
    runtime = Runtime()
    requests = dict(hello=runtime.hello, open=runtime.open, eval=runtime.eval, time=runtime.time, reset=runtime.reset)
    while True:
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        try:
            q = json.loads(line)
            what = q.get("do")
            if what == "close":
                answer = {}
            elif what in requests:
                answer = requests[what](q)
            else:
                raise Failure("usage", "'%s' is no request" % what)
        except Failure as e:
            answer = dict(error=str(e), kind=e.kind)
        except Exception as e:
            answer = dict(error="%s: %s" % (type(e).__name__, e), kind="internal")
        out.write(json.dumps(answer) + "\n")
        out.flush()
        if answer == {} and what == "close":
            os._exit(0)


main()
