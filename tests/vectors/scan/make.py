#!/usr/bin/env python3
"""make.py - files by which `scan` tells kinds, written by the tools that write such files.

    PYTHON make.py            writes beside itself

Made with Python 3.11.2 (pickle, zipfile, tarfile, gzip, bz2, lzma, py_compile), numpy 2.4,
torch 2.13.0 (torch.save, both layouts) and safetensors. Nothing here is ever loaded: the pickles
name os.system, which unpickling would call; their argument is "true"."""
import bz2, gzip, io, lzma, os, pickle, py_compile, sys, tarfile, tempfile, zipfile

here = os.path.dirname(os.path.abspath(__file__))


def put(name, data):
    with open(os.path.join(here, name), "wb") as f:
        f.write(data)


class Runs:
    def __reduce__(self):
        return (os.system, ("true",))


for protocol in range(6):
    put(f"runs-p{protocol}.pickle", pickle.dumps(Runs(), protocol))
    put(f"plain-p{protocol}.pickle", pickle.dumps({"a": [1, 2.5, "x"], "b": b"bytes"}, protocol))

text = b"a text of some length, " * 20
z = io.BytesIO()
with zipfile.ZipFile(z, "w") as f:
    f.writestr(zipfile.ZipInfo("readme.txt", (1980, 1, 1, 0, 0, 0)), text)
put("plain.zip", z.getvalue())
t = io.BytesIO()
with tarfile.open(fileobj=t, mode="w") as f:
    i = tarfile.TarInfo("readme.txt")
    i.size = len(text)
    f.addfile(i, io.BytesIO(text))
put("plain.tar", t.getvalue())
put("plain.gz", gzip.compress(text, mtime=0))
put("plain.bz2", bz2.compress(text))
put("plain.xz", lzma.compress(text))

with tempfile.TemporaryDirectory() as d:
    src = os.path.join(d, "m.py")
    with open(src, "w") as f:
        f.write("x = 1\n")
    os.utime(src, (0, 0))
    put("module.pyc", open(py_compile.compile(src, os.path.join(d, "m.pyc"), dfile="m.py"), "rb").read())

try:
    import numpy, torch
    from safetensors.torch import save
except ImportError as e:
    sys.exit(f"lacks {e.name}: the files of torch and numpy were not renewed")
b = io.BytesIO()
torch.save({"w": torch.zeros(4)}, b)
put("torch.pt", b.getvalue())
b = io.BytesIO()
torch.save({"w": torch.zeros(4)}, b, _use_new_zipfile_serialization=False)
put("torch-legacy.pt", b.getvalue())
b = io.BytesIO()
numpy.save(b, numpy.arange(4, dtype=numpy.float32))
put("plain.npy", b.getvalue())
b = io.BytesIO()
numpy.save(b, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
put("objects.npy", b.getvalue())
put("model.safetensors", save({"w": torch.zeros(4)}))
