"""libllama through llama-cpp-python 0.3.36's own ctypes declarations, for the scripts beside this file.

Everything that would blur a comparison is off: F32 cache, no flash attention, no repacked weights, one sequence, log kept quiet.
"""
import ctypes
import os

import numpy as np
import llama_cpp as lib

F32, F16 = 0, 1


@lib.llama_log_callback
def _quiet(level, text, data):
    if level == 4 or os.environ.get("PEER_LOG"):
        os.write(2, text)


lib.llama_log_set(_quiet, ctypes.c_void_p(0))
lib.llama_backend_init()


class Model:
    """One GGUF. `context` positions at most in a sequence; `repack` lets the CPU use its rearranged Q4_0 kernels."""

    def __init__(self, path, context=512, threads=2, cache=F32, repack=False):
        mp = lib.llama_model_default_params()
        mp.n_gpu_layers = 0
        mp.use_extra_bufts = repack
        self.model = lib.llama_model_load_from_file(os.fsencode(path), mp)
        if not self.model:
            raise SystemExit(f"{path}: libllama does not load it")
        cp = lib.llama_context_default_params()
        cp.n_ctx = cp.n_batch = cp.n_ubatch = context
        cp.n_threads = cp.n_threads_batch = threads
        cp.type_k = cp.type_v = cache
        cp.flash_attn_type = 0
        cp.no_perf = True
        self.ctx = lib.llama_init_from_model(self.model, cp)
        if not self.ctx:
            raise SystemExit(f"{path}: libllama makes no context of {context}")
        self.context = context
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)
        self.batch = lib.llama_batch_init(context, 0, 1)
        self.at = 0

    def restart(self):
        lib.llama_memory_clear(lib.llama_get_memory(self.ctx), True)
        self.at = 0

    def feed(self, ids):
        """Logits [len(ids), vocab] F32 of these tokens, after those fed before."""
        n, b = len(ids), self.batch
        if not 0 < n <= self.context - self.at:
            raise SystemExit(f"{n} tokens at position {self.at} do not fit a context of {self.context}")
        b.n_tokens = n
        for i, t in enumerate(ids):
            b.token[i], b.pos[i], b.n_seq_id[i], b.logits[i] = int(t), self.at + i, 1, 1
            b.seq_id[i][0] = 0
        rc = lib.llama_decode(self.ctx, b)
        if rc:
            raise SystemExit(f"llama_decode answers {rc}")
        self.at += n
        out = np.empty((n, self.n_vocab), np.float32)
        for i in range(n):
            out[i] = np.ctypeslib.as_array(lib.llama_get_logits_ith(self.ctx, i), (self.n_vocab,))
        return out

    def tokenize(self, text, special=False):
        data = text.encode("utf-8")
        ids = (lib.llama_token * (len(data) + 16))()
        n = lib.llama_tokenize(self.vocab, data, len(data), ids, len(ids), special, special)
        assert n >= 0
        return list(ids[:n])

    def piece(self, token):
        buf = ctypes.create_string_buffer(256)
        n = lib.llama_token_to_piece(self.vocab, int(token), buf, 256, 0, False)
        return buf.raw[:max(n, 0)]

    def bos(self):
        return lib.llama_vocab_bos(self.vocab)

    def ends(self, token):
        return lib.llama_vocab_is_eog(self.vocab, int(token))


def documents(path):
    """An ids file: decimal ids, one document a line."""
    with open(path, encoding="ascii") as f:
        return [[int(w) for w in line.split()] for line in f if line.strip()]


def log_softmax(x):
    x = x.astype(np.float64)
    x -= x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
