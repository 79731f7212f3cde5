#!/usr/bin/env python3
"""Makes the vectors of this folder: what other people's tokenizers say.

Written with tokenizers 0.23.3 and sentencepiece 0.2.3 (Python 3.11). Run it from the
project's root with PARE_SHARED set to the shared material:

    PARE_SHARED=../shared python3 tests/vectors/token/make.py

texts.hex            one text a line, UTF-8 in hexadecimal
NAME.vec             line i: ids of text i (special tokens parsed, none added), a '|',
                     and '=' if decoding gives the text, else the decoded bytes in
                     hexadecimal ('-' for none). First line: the ids of the empty text
                     with special tokens added (what stands before and after).
*-small.tokenizer.json, spm-*.model   small tokenizers, trained here on held-out text
"""
import io, os, random
import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..', '..')
SHARED = os.environ['PARE_SHARED']
C = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = C + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = C + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

def texts():
    rng = random.Random(20261122)
    out = ["", " ", "  ", "\t", "\n", "\r\n", "\r\n\r\n x", "a", " a", "a ", "Hello world", " Hello  World! ",
        "It is a truth universally acknowledged, that a single man in possession of a good fortune,\nmust be in want of a wife.",
        "don't you'll I'M WE'RE they've he'd 'tis 'S", "x'sy 'ſ 'K don\u2019t", "3.14159 1000000 12 345 6789 ½ ² Ⅷ ٣٤٥ १२३",
        "def f(x):\n    if x:\n\treturn [y**2 for y in x]  # ok\n\n\n", "a" * 300, " " * 70, "\n" * 33, "ab " * 60,
        "éèüßñçøåÉÑ", "e\u0301 a\u0308 o\u0327\u0323 n\u0303 \u212b \ufb01 ①", "नमस्ते दुनिया", "สวัสดีชาวโลก", "សួស្តី", "你好，世界！", "こんにちは世界", "안녕하세요 세계", "Привет, мир", "שלום עולם", "مرحبا بالعالم",
        "😀🚀🏳️\u200d🌈👩\u200d👩\u200d👧\u200d👦 👍🏽", "\x00", "a\x00b", "\x01\x02\x7f\u0080\u0085\u00a0\u180e\u200b\ufeff\u2028\u2029\u3000", "\ufffd\ufffe\U0010ffff", "▁a ▁▁b ▁", "<0x41> <0x0A>",
        "<s>", "</s>", "<unk>", "<s> hi</s>", "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> <|endoftext|>\n", "<|bos|>x<|pad|>", "<|im_start|>user\nhi<|im_end|>\n", "<|im_start|", "<|begin_of_text|>The", "x <|user|>  y", "<|end|>\n\n<|assistant|> ok", "<tool> <tool>x y<tool>",
        "    4 spaces\n\t\ttabs \t mixed\u00a0nbsp", "http://example.org/a?b=c&d=%20#e", "{\"k\": [1, 2.5e-3, null]}", "!!!???...---===", "``''\"\"", "ＡＢＣ ｱｲｳ", "Dz ǅ ĳ ŉ ß ẞ İ ı", "\u0130stanbul 'LL 'Ll"]
    pools = ["abcdefghijklmnop qrstuvwxyz ", "0123456789 .,", " \t\n\r\u00a0\u3000", "éèüßñçøåÉÑſK", "нещоБългарски ", "我想在工作日本語한국어", "कन्नड़हिन्दी", "😀🚀✅", "'sStTreveml ld", "!?#$%&*()[]{}<>/|~^_-+=:;\"", "e\u0301a\u0308o\u0327", "\x00▁\ufeff \u200d"]
    while len(out) < 240:
        s = ''
        for _ in range(rng.randint(1, 6)):
            p = rng.choice(pools)
            s += ''.join(rng.choice(p) for _ in range(rng.randint(1, 10)))
        if rng.random() < .15:
            s += rng.choice(["<s>", "</s>", "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "<tool>"]) + ' tail'
        if rng.random() < .2:
            s += ''.join(chr(c) for c in (rng.randint(0, 0x2ffff) for _ in range(3)) if not 0xd800 <= c < 0xe000)
        out.append(s)
    return out

def corpus():
    with open(os.path.join(ROOT, 'models/austen-3.7m/text/heldout.txt'), encoding='utf-8') as f:
        lines = f.read().split('\n')[:1500]
    extra = [t for t in texts() if t.strip() and '\x00' not in t]
    return lines + extra * 3

def byte_level(name, pattern, specials, ignore_merges, nfc, template):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if nfc: t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), 'isolated'),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=700, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    t.add_special_tokens([AddedToken(s, special=True) for s in specials])
    t.add_tokens([AddedToken("<tool>", lstrip=True, rstrip=False, single_word=False, normalized=True)])
    if template:
        t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=specials[0] + " $A", pair=f"{specials[0]} $A {specials[0]}:1 $B:1",
                                          special_tokens=[(specials[0], t.token_to_id(specials[0]))])])
    else:
        t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.save(os.path.join(HERE, name), pretty=False)

def spm(name, **more):
    w = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter([l for l in corpus() if '\n' not in l and l]),
        model_writer=w, model_type='bpe', vocab_size=900, character_coverage=0.98, normalization_rule_name='identity',
        num_threads=1, minloglevel=2, **more)
    with open(os.path.join(HERE, name), 'wb') as f: f.write(w.getvalue())

def write(name, frame, rows):
    with open(os.path.join(HERE, name + '.vec'), 'w') as f:
        f.write(' '.join(map(str, frame)) + '\n')
        for text, ids, back in rows:
            b = '=' if back == text else (back.encode().hex() or '-')
            f.write(' '.join(map(str, ids)) + '|' + b + '\n')

def main():
    assert tokenizers.__version__ == '0.23.3' and sentencepiece.__version__ == '0.2.3'
    all_texts = texts()
    with open(os.path.join(HERE, 'texts.hex'), 'w') as f:
        for t in all_texts: f.write(t.encode().hex() + '\n')
    byte_level('llama3-small.tokenizer.json', LLAMA3, ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"], True, False, True)
    byte_level('qwen2-small.tokenizer.json', QWEN2, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], False, True, False)
    spm('spm-bytes.model', byte_fallback=True, remove_extra_whitespaces=False, user_defined_symbols=["<tool>", "▁▁"])
    spm('spm-unknown.model', byte_fallback=False)
    hf = {'austen': os.path.join(ROOT, 'models/austen-3.7m/tokenizer.json'),
          'stories260K': SHARED + '/models/stories260K/hf/tokenizer.json',
          'gpt2': SHARED + '/data/tokenizer-vectors/gpt2.tokenizer.json',
          'phi-3-mini': SHARED + '/data/tokenizer-vectors/phi-3-mini.tokenizer.json',
          'llama3-small': os.path.join(HERE, 'llama3-small.tokenizer.json'),
          'qwen2-small': os.path.join(HERE, 'qwen2-small.tokenizer.json')}
    for name, path in hf.items():
        t = Tokenizer.from_file(path)
        rows = []
        for s in all_texts:
            ids = t.encode(s, add_special_tokens=False).ids
            rows.append((s, ids, t.decode(ids, skip_special_tokens=False)))
        write(name, t.encode('').ids, rows)
    for name in ('spm-bytes', 'spm-unknown'):
        p = sentencepiece.SentencePieceProcessor(model_file=os.path.join(HERE, name + '.model'))
        write(name, p.encode('', add_bos=True), [(s, p.encode(s), p.decode(p.encode(s))) for s in all_texts])

main()
