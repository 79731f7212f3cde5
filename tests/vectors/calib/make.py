"""llama.cpp's own importance matrix of the shipped model, for test_importance.

    python make.py PARE LLAMA_IMATRIX

writes here austen.imatrix.gguf: what llama-imatrix (llama.cpp of llama-cpp-python 0.3.36, built from
its sources) finds in the first 4,096 bytes of the model's training text, cut into pieces of 64 tokens,
with keys and values kept as F32 and without flash attention, so that nothing but the order of sums
differs from pare's. PARE makes the F32 file that it reads.
"""
import os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "..", "..", "..", "models", "austen-3.7m")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pare, imatrix = (os.path.abspath(p) for p in sys.argv[1:])
    with tempfile.TemporaryDirectory() as tmp:
        source, text = os.path.join(tmp, "f32.gguf"), os.path.join(tmp, "text.txt")
        subprocess.run([pare, "convert", MODEL, "--to", "gguf", "--quant", "F32", "-o", source, "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(MODEL, "text", "train.txt"), "rb") as f:
            head = f.read(4096)
        with open(text, "wb") as f:
            f.write(head)
        subprocess.run([imatrix, "-m", source, "-f", "text.txt", "-o", "austen.imatrix.gguf", "-c", "64", "-b", "64",
                        "-ub", "64", "-ctk", "f32", "-ctv", "f32", "-fa", "off", "--no-ppl", "-t", "2"],
                       check=True, cwd=tmp, stderr=subprocess.DEVNULL)
        os.replace(os.path.join(tmp, "austen.imatrix.gguf"), os.path.join(HERE, "austen.imatrix.gguf"))


main()
