"""A Hugging Face llama as ONNX (standard operators, opset 17, float32) with the names that the runtimes expect, for the
test of the runners: tiny_onnx.py DIR OUT writes OUT/model.onnx and OUT/genai_config.json. Needs numpy and onnx.

With --openvino OUT/model.onnx becomes the stateful OUT/openvino_model.xml. Needs openvino.

Not pare's own writer: it is here so that a runner is compared with a graph that pare did not make.
"""
import json
import os
import sys

import numpy as np


def weights(folder):
    path = os.path.join(folder, "model.safetensors")
    raw = np.memmap(path, np.uint8, "r")
    n = int(raw[:8].view(np.uint64)[0])
    head = json.loads(bytes(raw[8:8 + n]))
    out = {}
    for name, t in head.items():
        if name == "__metadata__":
            continue
        b = raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]]
        if t["dtype"] == "BF16":
            v = (np.frombuffer(b, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            v = np.frombuffer(b, {"F16": np.float16, "F32": np.float32}[t["dtype"]])
        out[name] = v.astype(np.float32).reshape(t["shape"])
    return out


class Graph:
    def __init__(self):
        from onnx import helper, numpy_helper

        self.h, self.nh = helper, numpy_helper
        self.nodes, self.init, self.n = [], [], 0

    def const(self, v):
        self.n += 1
        self.init.append(self.nh.from_array(np.ascontiguousarray(v), "c%d" % self.n))
        return "c%d" % self.n

    def op(self, kind, *inputs, out=None, **attributes):
        self.n += 1
        out = out or "v%d" % self.n
        inputs = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(self.h.make_node(kind, inputs, [out], **attributes))
        return out


def i64(*v):
    return np.array(v, np.int64)


def build(folder, out):
    import onnx
    from onnx import TensorProto as T

    cfg = json.load(open(os.path.join(folder, "config.json")))
    w = weights(folder)
    d, nh = cfg["hidden_size"], cfg["num_attention_heads"]
    nkv, layers = cfg.get("num_key_value_heads", nh), cfg["num_hidden_layers"]
    hd, eps = cfg.get("head_dim") or d // nh, np.float32(cfg["rms_norm_eps"])
    theta = (cfg.get("rope_parameters") or {}).get("rope_theta") or cfg.get("rope_theta", 10000.0)
    ctx, vocab = cfg["max_position_embeddings"], cfg["vocab_size"]
    g = Graph()

    angle = np.outer(np.arange(ctx), theta ** (-np.arange(0, hd, 2) / hd))
    angle = np.concatenate([angle, angle], 1)
    cos = g.op("Unsqueeze", g.op("Gather", np.cos(angle).astype(np.float32), "position_ids"), i64(1))
    sin = g.op("Unsqueeze", g.op("Gather", np.sin(angle).astype(np.float32), "position_ids"), i64(1))

    def norm(x, weight):
        mean = g.op("ReduceMean", g.op("Mul", x, x), axes=[-1])
        return g.op("Mul", g.op("Div", x, g.op("Sqrt", g.op("Add", mean, eps))), weight)

    def linear(x, name):
        return g.op("MatMul", x, np.ascontiguousarray(w[name + ".weight"].T))

    def heads(x, n):
        return g.op("Transpose", g.op("Reshape", x, i64(1, -1, n, hd)), perm=[0, 2, 1, 3])

    def rope(x):
        a, b = g.op("Slice", x, i64(0), i64(hd // 2), i64(3)), g.op("Slice", x, i64(hd // 2), i64(hd), i64(3))
        turned = g.op("Concat", g.op("Neg", b), a, axis=3)
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", turned, sin))

    def repeat(x):
        if nh == nkv:
            return x
        x = g.op("Expand", g.op("Unsqueeze", x, i64(2)), i64(1, 1, nh // nkv, 1, 1))
        return g.op("Reshape", x, i64(1, nh, -1, hd))

    # A key at position j is seen from position p where j <= p. The mask says how many keys there are.
    total = g.op("Squeeze", g.op("Slice", g.op("Shape", "attention_mask"), i64(1), i64(2)), i64(0))
    keys = g.op("Range", np.array(0, np.int64), total, np.array(1, np.int64))
    hidden = g.op("Greater", g.op("Unsqueeze", keys, i64(0)), g.op("Transpose", "position_ids", perm=[1, 0]))
    bias = g.op("Where", hidden, np.float32(-1e9), np.float32(0))

    x = g.op("Gather", w["model.embed_tokens.weight"], "input_ids")
    ports_in, ports_out = [], []
    for i in range(layers):
        p = "model.layers.%d." % i
        y = norm(x, w[p + "input_layernorm.weight"])
        q = rope(heads(linear(y, p + "self_attn.q_proj"), nh))
        k = rope(heads(linear(y, p + "self_attn.k_proj"), nkv))
        v = heads(linear(y, p + "self_attn.v_proj"), nkv)
        k = g.op("Concat", "past_key_values.%d.key" % i, k, axis=2, out="present.%d.key" % i)
        v = g.op("Concat", "past_key_values.%d.value" % i, v, axis=2, out="present.%d.value" % i)
        for part in ("key", "value"):
            ports_in.append(("past_key_values.%d.%s" % (i, part), [1, nkv, "past", hd]))
            ports_out.append(("present.%d.%s" % (i, part), [1, nkv, "total", hd]))
        s = g.op("MatMul", q, g.op("Transpose", repeat(k), perm=[0, 1, 3, 2]))
        s = g.op("Softmax", g.op("Add", g.op("Mul", s, np.float32(hd ** -0.5)), bias), axis=-1)
        o = g.op("Reshape", g.op("Transpose", g.op("MatMul", s, repeat(v)), perm=[0, 2, 1, 3]), i64(1, -1, nh * hd))
        x = g.op("Add", x, linear(o, p + "self_attn.o_proj"))
        y = norm(x, w[p + "post_attention_layernorm.weight"])
        gate = linear(y, p + "mlp.gate_proj")
        y = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), linear(y, p + "mlp.up_proj"))
        x = g.op("Add", x, linear(y, p + "mlp.down_proj"))
    x = norm(x, w["model.norm.weight"])
    head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    g.op("MatMul", x, np.ascontiguousarray(head.T), out="logits")

    info = g.h.make_tensor_value_info
    inputs = [info("input_ids", T.INT64, [1, "n"]), info("attention_mask", T.INT64, [1, "total"]),
              info("position_ids", T.INT64, [1, "n"])] + [info(n, T.FLOAT, s) for n, s in ports_in]
    outputs = [info("logits", T.FLOAT, [1, "n", vocab])] + [info(n, T.FLOAT, s) for n, s in ports_out]
    model = g.h.make_model(g.h.make_graph(g.nodes, "llama", inputs, outputs, g.init),
                           opset_imports=[g.h.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    os.makedirs(out, exist_ok=True)
    onnx.save(model, os.path.join(out, "model.onnx"))
    names = dict(input_ids="input_ids", attention_mask="attention_mask", position_ids="position_ids",
                 past_key_names="past_key_values.%d.key", past_value_names="past_key_values.%d.value")
    decoder = dict(filename="model.onnx", head_size=hd, hidden_size=d, num_attention_heads=nh, num_key_value_heads=nkv,
                   num_hidden_layers=layers, inputs=names,
                   outputs=dict(logits="logits", present_key_names="present.%d.key", present_value_names="present.%d.value"))
    json.dump(dict(model=dict(type="llama", vocab_size=vocab, context_length=ctx, bos_token_id=0, eos_token_id=vocab - 1,
                              pad_token_id=vocab - 1, decoder=decoder),
                   search=dict(max_length=ctx, past_present_share_buffer=False)),
              open(os.path.join(out, "genai_config.json"), "w"))


def to_openvino(out):
    import openvino as ov
    from openvino._offline_transformations import apply_make_stateful_transformation

    model = ov.convert_model(os.path.join(out, "model.onnx"))
    pairs = {n: n.replace("past_key_values.", "present.") for port in model.inputs for n in port.names
             if n.startswith("past_key_values.")}
    apply_make_stateful_transformation(model, pairs)
    ov.save_model(model, os.path.join(out, "openvino_model.xml"), compress_to_fp16=False)


if sys.argv[1] == "--openvino":
    to_openvino(sys.argv[2])
else:
    build(sys.argv[1], sys.argv[2])
