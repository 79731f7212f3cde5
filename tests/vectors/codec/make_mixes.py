"""mixes.txt: the type that llama.cpp gives to each tensor of some shapes, for each mix.

Asks the peer itself (llama_quant_compute_types of libllama in the llama-cpp-python package;
made with 0.3.36, ggml 0.25.3), with models that exist as metadata only.

    python make_mixes.py > mixes.txt

Format: "model NAME n_layer n_head n_kv n_expert is_70b tied", then "tensor COLS ROWS NAME" in the
order of the choice, then one line per mix "mix FTYPE TYPE…" with a GGUF type number per tensor.
"""
import ctypes as C, glob, os, sys
import llama_cpp

DIR = os.path.join(os.path.dirname(llama_cpp.__file__), "lib")
base = C.CDLL(glob.glob(DIR + "/libggml-base.so")[0])
llama = C.CDLL(glob.glob(DIR + "/libllama.so")[0])
FTYPES = [0, 1, 32, 7, 18, 17, 16, 9, 8, 15, 14, 25, 30, 3, 2, 13, 12, 11, 10]


class Desc(C.Structure):
    _fields_ = [("arch", C.c_char_p)] + [(n, C.c_uint32) for n in (
        "n_embd", "n_ff", "n_layer", "n_head", "n_kv", "n_expert", "k", "v")]


class Init(C.Structure):
    _fields_ = [("size", C.c_size_t), ("mem", C.c_void_p), ("no_alloc", C.c_bool)]


def fn(lib, name, res, *args):
    f = getattr(lib, name)
    f.restype, f.argtypes = res, args
    return f


P = C.c_void_p
ggml_init = fn(base, "ggml_init", P, Init)
ggml_free = fn(base, "ggml_free", None, P)
new_2d = fn(base, "ggml_new_tensor_2d", P, P, C.c_int, C.c_int64, C.c_int64)
set_name = fn(base, "ggml_set_name", P, P, C.c_char_p)
model_of = fn(llama, "_Z31llama_quant_model_from_metadataPK22llama_quant_model_desc", P, P)
init = fn(llama, "_Z16llama_quant_initPK11llama_modelPK27llama_model_quantize_params", P, P, P)
compute = fn(llama, "_Z25llama_quant_compute_typesP19quantize_state_impl11llama_ftypePP11ggml_tensorP9ggml_typem",
             None, P, C.c_int, P, P, C.c_size_t)


def tensors(embd, ff, layers, heads, kv, experts, tied, fused):
    head = embd // heads
    t = [("token_embd.weight", embd, 1000)]
    if not tied:
        t.insert(0, ("output.weight", embd, 1000))
    for i in range(layers):
        b = f"blk.{i}."
        attn = [("attn_qkv", embd, embd)] if fused else [
            ("attn_k", embd, head * kv), ("attn_q", embd, embd), ("attn_v", embd, head * kv)]
        exps = "_exps" if experts else ""
        t += sorted((b + n + ".weight", c, r) for n, c, r in attn + [
            ("attn_output", embd, embd), ("ffn_down" + exps, ff, embd),
            ("ffn_gate" + exps, embd, ff), ("ffn_up" + exps, embd, ff)])
    return t


MODELS = [  # name, arch, embd, ff, layers, heads, kv, experts, 70b, tied, fused
    ("tied", "llama", 256, 768, 7, 8, 2, 0, 0, 1, 0),
    ("untied", "llama", 512, 1024, 16, 8, 8, 0, 0, 0, 0),
    ("shared", "qwen2", 512, 1024, 22, 16, 4, 0, 0, 0, 0),
    ("deep", "llama", 512, 1024, 33, 16, 2, 0, 0, 0, 0),
    ("70b", "llama", 512, 1024, 80, 64, 8, 0, 1, 0, 0),
    ("8 experts", "llama", 512, 1024, 32, 32, 8, 8, 0, 0, 0),
    ("4 experts", "llama", 512, 1024, 17, 32, 32, 4, 0, 1, 0),
    ("fused", "phi3", 512, 1024, 32, 32, 32, 0, 0, 0, 1),
    ("288 columns", "llama", 288, 768, 6, 6, 6, 0, 0, 1, 0),
    ("288 columns, untied", "llama", 288, 864, 6, 6, 3, 0, 0, 0, 0),
    ("100 columns", "llama", 100, 300, 5, 5, 5, 0, 0, 1, 0),
    ("one layer", "llama", 64, 172, 1, 8, 4, 0, 0, 1, 0),
]

print(f"# llama-cpp-python {llama_cpp.__version__}")
params = llama_cpp.llama_model_quantize_default_params()
for name, arch, embd, ff, layers, heads, kv, experts, is70, tied, fused in MODELS:
    d = Desc(arch.encode(), embd, ff, layers, heads, kv, experts, embd // heads, embd // heads)
    state = init(model_of(C.byref(d)), C.byref(params))
    ctx = ggml_init(Init(16 << 20, None, True))
    ts = tensors(embd, ff, layers, heads, kv, experts, tied, fused)
    arr = (P * len(ts))()
    for i, (n, c, r) in enumerate(ts):
        arr[i] = new_2d(ctx, 0, c, r)
        set_name(arr[i], n.encode())
    print(f"model {layers} {heads} {kv} {experts} {is70} {tied} {name}")
    for n, c, r in ts:
        print(f"tensor {c} {r} {n}")
    for f in FTYPES:
        out = (C.c_int * len(ts))()
        compute(state, f, arr, out, len(ts))
        print("mix", f, *out)
    ggml_free(ctx)
