"""make.py SPEC MODEL_TRANSPARENCY - published vectors of OpenSSF Model Signing, copied as they are.

SPEC: a clone of github.com/ossf/model-signing-spec, MODEL_TRANSPARENCY: one of github.com/sigstore/model-transparency (both
Apache-2.0). Made from the commits that COMMITS names. Below v*/ lie folders that model_signing of that version signed with the
P-384 key whose public half is key.pub; spec/ holds the specification's own bundles, made with the same key.
"""
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
spec, tools = sys.argv[1], sys.argv[2]


def show(repo, path):
    return subprocess.run(["git", f"--git-dir={repo}", "show", f"HEAD:{path}"], check=True, capture_output=True).stdout


def put(name, data):
    target = here / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def head(repo):
    return subprocess.run(["git", f"--git-dir={repo}", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout


pem = show(tools, "scripts/tests/keys/certificate/signing-key-pub.pem").decode()
put("key.pub", pem[pem.index("-----BEGIN"):].encode())
for version in ("v1.1.0", "v1.0.1"):
    for name in ("model.sig", "signme-1", "signme-2", "ignore-me"):
        put(f"{version}/{name}", show(tools, f"scripts/tests/{version}-elliptic-key/{name}"))
for name in ("valid/key", "valid/certificate", "valid/sigstore", "invalid/empty", "invalid/missing-envelope",
             "invalid/missing-tlog-entries", "invalid/missing-verification-material", "invalid-payload/wrong-predicate"):
    put(f"spec/{name}.json", show(spec, f"test-vectors/v1.0/{name}.bundle.json"))
put("COMMITS", f"model-signing-spec {head(spec)}model-transparency {head(tools)}".encode())
