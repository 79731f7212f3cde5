#!/usr/bin/env python3
"""model_signing_compare.py PARE MODEL POLICY - what `pare certify` writes, read by others; what others sign, read by `pare verify`.

model.sig by model-signing 1.1.1 (both ways: whole files and shards, plain and locked keys); the envelopes by cryptography's Ed25519 and,
statement by statement, by in-toto's own message definitions (in-toto-attestation 0.9.3: an unknown or misspelt field fails);
the bill of materials by the strict JSON schema of CycloneDX 1.7 (cyclonedx-python-lib 11.12.0). Status 1 if any differs."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import model_signing
from cryptography.hazmat.primitives import serialization
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2
from in_toto_attestation.v1 import statement_pb2

PARE, MODEL, POLICY = sys.argv[1:]
KINDS = {"https://slsa.dev/provenance/v1": provenance_pb2.Provenance,
         "https://in-toto.io/attestation/test-result/v0.1": test_result_pb2.TestResult,
         "https://slsa.dev/verification_summary/v1": vsa_pb2.VerificationSummary}
bad = 0


def say(what, ok):
    global bad
    bad += not ok
    print(("  " if ok else "! ") + what)


def pare(*words, status=0):
    r = subprocess.run([PARE, *map(str, words)], capture_output=True, text=True)
    if status is not None and r.returncode != status:
        sys.exit(f"pare {' '.join(map(str, words))}: {r.returncode}\n{r.stdout}{r.stderr}")
    return r


def accepts(folder, signature, key):
    try:
        model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key).verify(folder, signature)
        return True
    except Exception as e:
        print("    model-signing:", str(e)[:100])
        return False


def theirs(folder, signature, key, password=None, shard=None):
    h = model_signing.hashing.Config()
    ignore = [signature]
    h = h.use_shard_serialization(shard_size=shard, ignore_paths=ignore) if shard else h.use_file_serialization(ignore_paths=ignore)
    model_signing.signing.Config().use_elliptic_key_signer(private_key=key, password=password).set_hashing_config(h).sign(
        folder, signature)


def envelope(e, key):
    body, kind = base64.b64decode(e["payload"]), e["payloadType"].encode()
    try:
        key.verify(base64.b64decode(e["signatures"][0]["sig"]), b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
    except Exception:
        return None
    return json.loads(body)


def statements(ship, pub):
    key = serialization.load_pem_public_key(open(pub, "rb").read())
    top = json.load(open(ship / "readiness.intoto.json"))
    readiness = envelope(top, key)
    say("readiness: Ed25519 over the encoding", readiness is not None)
    for e in [top] + top["attestations"]:
        s = envelope(e, key)
        say(f"{s['predicateType']}: a statement", bool(json_format.ParseDict(s, statement_pb2.Statement()).subject))
        say("    of the same model", s["subject"] == readiness["subject"])
        if s["predicateType"] in KINDS:
            # SLSA has a list of levels; in-toto's message (0.9.3) declares one text.
            levels = s["predicate"].pop("verifiedLevels", [])
            say("    whose lists hold texts", isinstance(levels, list) and all(isinstance(v, str) for v in levels))
            json_format.ParseDict(s["predicate"], KINDS[s["predicateType"]]())  # raises on what it does not know
            say("    whose predicate in-toto reads", True)


def second_half(key, to, password=None):
    """The ECDSA half of pare's file of keys, as a file of its own."""
    text = open(key).read()
    part = text[text.index("-----BEGIN", 5):]
    open(to, "w").write(part)
    serialization.load_pem_private_key(part.encode(), password)


with tempfile.TemporaryDirectory() as t:
    t = pathlib.Path(t)
    os.environ["PARE_KEYS"] = str(t / "keys")
    (t / "pass").write_text("open sesame\n")
    (t / "pass").chmod(0o600)
    pare("optimize", MODEL, "-o", t / "out", "--variants", "Q8_0,onnx:int8", "--windows", 6, "--seconds", 0.1, "--policy", POLICY,
         "-q", status=None)
    pare("key", "generate", "--passphrase-file", t / "pass")
    pub, p256 = t / "keys/pare.ed25519.pub", t / "keys/pare.p256.pub"
    for variant in ("Q8_0",):
        ship = t / ("ship-" + variant)
        pare("certify", t / "out", "--model", variant, "-o", ship, "--passphrase-file", t / "pass")
        say(f"{variant}: model-signing takes pare's bundle", accepts(ship, ship / "model.sig", p256))
        error = JsonStrictValidator(SchemaVersion.V1_7).validate_str((ship / "bom.cdx.json").read_text())
        say(f"{variant}: CycloneDX 1.7 {error or ''}", error is None)
        statements(ship, pub)
        (ship / "extra").write_text("x")
        say("a file more: both refuse", not accepts(ship, ship / "model.sig", p256) and
            pare("verify", ship, "--key", pub, status=None).returncode == 1)
        (ship / "extra").unlink()
        pare("verify", ship, "--key", pub, "--measure")
    second_half(t / "keys/pare.key", t / "p256.pem", b"open sesame")
    say("cryptography opens the locked key", True)
    folder = t / "folder"
    shutil.copytree(MODEL, folder)
    (folder / "deep/er").mkdir(parents=True)
    (folder / "deep/er/a:b.bin").write_bytes(os.urandom(100_001))
    (folder / "deep.txt").write_text("sorts otherwise than deep/")
    for shard in (None, 50_000):
        sig = folder / "model.sig"
        theirs(folder, sig, t / "p256.pem", "open sesame".encode(), shard)
        name = f"shards of {shard}" if shard else "whole files"
        say(f"{name}: pare takes model-signing's bundle", pare("verify", sig, "--key", p256, status=None).returncode == 0)
        with open(folder / "deep/er/a:b.bin", "r+b") as f:
            f.seek(77_777)
            was = f.read(1)
            f.seek(77_777)
            f.write(bytes([was[0] ^ 1]))
            f.flush()
            say("    and names a changed byte", "a:b.bin" in pare("verify", sig, "--key", p256, status=1).stdout)
            f.seek(77_777)
            f.write(was)
        sig.unlink()
print("all agree" if not bad else f"{bad} differ")
sys.exit(bool(bad))
