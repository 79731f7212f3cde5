# w8a8_compare.py PARE MODEL WHO - what `pare convert --quant w8a8` writes, in the runtime that it
# is for: how far from the float model, on text that calibration did not see, and beside what the
# runtime's own quantizer makes of the same float model from the same pieces of the same text.
# WHO: ort (onnxruntime 1.32, onnx 1.23) or openvino (openvino 2026.4; nncf 3.4 where it is there).
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

PARE, MODEL, WHO = sys.argv[1:4]
WINDOW, HELD, CALIB = 256, 12, 24
failed = 0


def check(ok, what):
    global failed
    failed += not ok
    print("ok  " if ok else "FAIL", what, flush=True)


def pare(*args):
    return subprocess.run([PARE, *args], check=True, capture_output=True, text=True).stdout


def pieces(name, n):
    """n windows, evenly from the whole text."""
    d = json.loads(pare("tokenize", MODEL, "--json", "--file", f"{MODEL}/text/{name}.txt"))
    ids = np.array(d["ids"], np.int64)
    have = len(ids) // WINDOW
    return [ids[i * have // n * WINDOW:][:WINDOW] for i in range(n)]


def rows(report):
    """Matrices that are int8 a row, with inputs that are rounded."""
    n = sum(t["got"] == "int8 sym row" for t in json.loads(report)["tensors"]["list"])
    check(n == 0 or n >= 16, f"{n} matrices in bytes on both sides")
    return n


def log_softmax(z):
    z = z.astype(np.float64)
    z -= z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def kld(a, b):
    return float((np.exp(a) * (a - b)).sum(-1).mean())


# ---------------------------------------------------------------- onnxruntime

def feed(inputs, ids):
    f = {}
    for i in inputs:
        if i.name == "input_ids":
            f[i.name] = ids[None]
        elif i.name == "attention_mask":
            f[i.name] = np.ones((1, len(ids)), np.int64)
        elif i.name == "position_ids":
            f[i.name] = np.arange(len(ids))[None]
        else:
            f[i.name] = np.zeros((1, i.shape[1], 0, i.shape[3]), np.float32)
    return f


def ort_run(path, texts, plain=False, dump=None):
    import onnxruntime as ort
    o = ort.SessionOptions()
    o.log_severity_level = 3
    if plain:
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if dump:
        o.optimized_model_filepath = dump
    s = ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])
    return log_softmax(np.stack([s.run(["logits"], feed(s.get_inputs(), x))[0][0] for x in texts]))


def ort_peer(path, texts, to, skip):
    """onnxruntime.quantization of the float graph: the same operators, per channel."""
    import onnx
    import onnxruntime as ort
    from onnxruntime.quantization import (CalibrationDataReader, CalibrationMethod, QuantFormat,
                                          QuantType, quantize_static)
    inputs = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()
    nodes = [n.name for n in onnx.load(path, load_external_data=False).graph.node
             if n.op_type == "MatMul" and any(s in i for s in skip for i in n.input)]

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.it = iter([feed(inputs, x) for x in texts])

        def get_next(self):
            return next(self.it, None)

    quantize_static(path, to, Reader(), quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=["MatMul"], nodes_to_exclude=nodes, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    calibrate_method=CalibrationMethod.MinMax)


def compare_ort(work):
    import onnx
    held, calib = pieces("heldout", HELD), pieces("train", CALIB)
    pare("convert", MODEL, "--to", "onnx", "--dialect", "standard", "--quant", "F32", "--no-check",
         "-o", f"{work}/f32")
    ref = ort_run(f"{work}/f32/model.onnx", held)
    ours = 0
    for dialect in ("genai", "standard"):
        products = rows(pare("convert", MODEL, "--to", "onnx", "--dialect", dialect, "--quant",
                             "w8a8", "--calib-tokens", str(CALIB * WINDOW), "--no-check", "--json",
                             "-o", f"{work}/{dialect}"))
        path, dump = f"{work}/{dialect}/model.onnx", f"{work}/opt.onnx"
        got = ort_run(path, held, dump=dump)
        ops = collections.Counter(n.op_type for n in
                                  onnx.load(dump, load_external_data=False).graph.node)
        check(ops["MatMulIntegerToFloat"] == products,
              f"{dialect}: {ops['MatMulIntegerToFloat']} products of whole numbers, of {products}")
        ours = max(ours, kld(ref, got))
        check(kld(ref, got) <= 0.03, f"{dialect}: {kld(ref, got):.2e} nats from the float model, "
              f"same first choice {np.mean(ref.argmax(-1) == got.argmax(-1)):.4f}")
        # Without fusions the same numbers are made in floats: only sums round otherwise, and a
        # value that lies between two levels may fall to the other.
        between = kld(ort_run(path, held, plain=True), got)
        check(between <= kld(ref, got), f"{dialect}: {between:.1e} from the same graph unfused")
    for name, skip in (("all", ["embedding"]), ("without ffn_down", ["embedding", "ffn_down"])):
        ort_peer(f"{work}/f32/model.onnx", calib, f"{work}/peer.onnx", skip)
        peer = kld(ref, ort_run(f"{work}/peer.onnx", held))
        check(ours <= peer, f"quantize_static, {name}: {peer:.2e} nats, ours {ours:.2e}")


# ---------------------------------------------------------------- OpenVINO

def ov_feed(ids):
    return {"input_ids": ids[None], "attention_mask": np.ones((1, len(ids)), np.int64),
            "position_ids": np.arange(len(ids))[None], "beam_idx": np.zeros(1, np.int32)}


def ov_run(model, texts):
    import openvino as ov
    c = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32",
                                               "KV_CACHE_PRECISION": "f32",
                                               "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"})
    bytes_ = 0
    for op in c.get_runtime_model().get_ordered_ops():
        info = op.get_rt_info()
        if info["layerType"].astype(str) == "FullyConnected":
            bytes_ += info["runtimePrecision"].astype(str) in ("u8", "i8") and \
                info["primitiveType"].astype(str).endswith(("I8", "i8"))
    r, out = c.create_infer_request(), []
    for x in texts:
        r.reset_state()
        r.infer(ov_feed(x))
        out.append(r.get_tensor("logits").data[0].copy())
    return log_softmax(np.stack(out)), bytes_


def weight_of(op):
    """The name of the constant that a product multiplies by, or ""."""
    while op.get_input_size():
        op = op.input_value(min(1, op.get_input_size() - 1)).get_node()
    return op.get_friendly_name()


def compare_ov(work):
    import openvino as ov
    held, calib = pieces("heldout", HELD), pieces("train", CALIB)
    for quant in ("F32", "w8a8"):
        want = rows(pare("convert", MODEL, "--to", "openvino", "--quant", quant, "--no-check",
                         "--calib-tokens", str(CALIB * WINDOW), "--json", "-o", f"{work}/{quant}"))
    ref, _ = ov_run(f"{work}/F32/openvino_model.xml", held)
    got, products = ov_run(f"{work}/w8a8/openvino_model.xml", held)
    check(products == want, f"{products} products of whole numbers, of {want}")
    ours = kld(ref, got)
    check(ours <= 0.03, f"{ours:.2e} nats from the float model, same first choice "
          f"{np.mean(ref.argmax(-1) == got.argmax(-1)):.4f}")
    try:
        import nncf
    except ImportError:
        print("skip: nncf is not there")
        return
    even = nncf.AdvancedQuantizationParameters(  # no factor between norms and products
        smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(convolution=-1, matmul=-1))
    for name, skip, more in (("all", False, None), ("without ffn_down", True, None),
                             ("as it is", False, even)):
        model = ov.Core().read_model(f"{work}/F32/openvino_model.xml")
        names = [o.get_friendly_name() for o in model.get_ops() if o.get_type_name() == "MatMul" and
                 skip and "ffn_down" in weight_of(o)]
        model = nncf.quantize(model, nncf.Dataset(calib, ov_feed), subset_size=CALIB,
                              model_type=nncf.ModelType.TRANSFORMER,
                              preset=nncf.QuantizationPreset.MIXED,
                              ignored_scope=nncf.IgnoredScope(names=names) if names else None,
                              advanced_parameters=more)
        far, n = ov_run(model, held)
        os.makedirs(f"{work}/nncf", exist_ok=True)
        for f in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(f"{work}/F32/{f}", f"{work}/nncf/{f}")
        ov.save_model(model, f"{work}/nncf/openvino_model.xml", compress_to_fp16=False)
        r = subprocess.run([PARE, "convert", f"{work}/nncf", "--to", "gguf", "--quant", "F32",
                            "--no-check", "-o", f"{work}/{name}.gguf"], capture_output=True,
                           text=True)
        says = "rounds what it computes" if more else "nncf_smooth_quant"
        check((r.returncode == 0) == (more is not None) and says in r.stderr,
              f"nncf.quantize, {name}: read, or refused by the factor's name: "
              f"{r.stderr.strip()[-160:]}")
        peer = kld(ref, far)
        check(ours <= peer, f"nncf.quantize, {name}: {peer:.2e} nats ({n} products of whole "
              f"numbers), ours {ours:.2e}")


with tempfile.TemporaryDirectory() as folder:
    (compare_ort if WHO == "ort" else compare_ov)(folder)
sys.exit(failed > 0)
