"""Writes the small random models that the tests of embed/encoder/bert, static and wordpiece open, with what reference implementations make of some texts.

usage: pip install numpy tokenizers safetensors model2vec && tools/make-models.py    (from the repository's root; writes into their testdata folders)

The transformer is computed here in plain numpy, in float64 and with the exact error function; ids come from Hugging Face's tokenizers, vectors of static
models from model2vec.
"""
import importlib.util, json, math, pathlib, random, shutil

import numpy as np
from tokenizers import AddedToken, Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing, TemplateProcessing

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)]
WORDS = ["the", "river", "town", "bridge", "mayor", "said", "ing", "##ing", "##er", "##ed", "new", "open", "miller", "Ada", "cafe", "naive"]
CHINESE = list("桥河镇新市长说开放今天的一")
VOCABULARY = SPECIAL + LETTERS + ["##" + c for c in LETTERS] + list("0123456789.,!?'\"-") + ["##0", "##1", "##2", "##5"] + CHINESE + ["，", "。", "é"] + WORDS

TEXTS = [
    "The mayor of Millbrook opened the new bridge.",
    "the river",
    "Naïve café-goers said: \"It's open!\"",
    "新桥今天开放，市长说。",
    "桥 bridge 桥bridge 2025",
    "Ada Miller's [SEP] speech, [MASK] and all",
    "unbelievably long words: " + "a" * 100 + " " + "a" * 101,
    "tabs\tand\nlines\r\nand\u00a0spaces\u3000wide, zero\u200bwidth and \x07bells",
    "😀 emoji, ǅungla and İstanbul",
    "x",
    "The town said no. The river said yes! Did the bridge say anything? It did not. The mayor opened it, and the towns' people sang.",
    "河" * 40 + "。新市长说。" + "the bridge of the town " * 6,
]


def write_tensors(name, tensors, kind):
    """safetensors by hand: its numpy library knows no BF16."""
    header, blob = {}, b""
    for key, value in tensors.items():
        data = {"F32": lambda v: v.astype("<f4").tobytes(), "F16": lambda v: v.astype("<f2").tobytes(), "BF16": bf16_bytes}[kind](value)
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    name.write_bytes(len(text).to_bytes(8, "little") + text + blob)


def bf16_bytes(v):
    return (v.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def rounded(v, kind):
    """What a reader of the file sees."""
    if kind == "BF16":
        return ((v.astype("<f4").view("<u4") >> 16) << 16).view("<f4")
    return v.astype("<f2" if kind == "F16" else "<f4").astype(np.float32)


def random_bert(rng, c, kind):
    h, inner = c["hidden_size"], c["intermediate_size"]
    w = {
        "embeddings.word_embeddings.weight": rng.normal(0, 1, (c["vocab_size"], h)),
        "embeddings.position_embeddings.weight": rng.normal(0, 0.3, (c["max_position_embeddings"], h)),
        "embeddings.token_type_embeddings.weight": rng.normal(0, 0.3, (2, h)),
    }

    def linear(name, outputs, inputs):
        w[name + ".weight"], w[name + ".bias"] = rng.normal(0, 1.5 / math.sqrt(inputs), (outputs, inputs)), rng.normal(0, 0.2, outputs)

    def norm(name):
        w[name + ".weight"], w[name + ".bias"] = rng.normal(1, 0.2, h), rng.normal(0, 0.2, h)

    norm("embeddings.LayerNorm")
    for layer in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            linear(p + "attention.self." + name, h, h)
        linear(p + "attention.output.dense", h, h)
        norm(p + "attention.output.LayerNorm")
        linear(p + "intermediate.dense", inner, h)
        linear(p + "output.dense", h, inner)
        norm(p + "output.LayerNorm")
    return {k: rounded(v, kind) for k, v in w.items()}


def hidden(w, c, ids):
    """The last hidden state."""
    heads, size, n = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"], len(ids)
    w = {k: v.astype(np.float64) for k, v in w.items()}
    linear = lambda x, name: x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + c["layer_norm_eps"]) * w[name + ".weight"] + w[name + ".bias"]

    act = {
        "gelu": lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
        "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        "relu": lambda x: np.maximum(x, 0),
    }[c["hidden_act"]]
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:n] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{layer}."
        q, k, v = (linear(x, p + "attention.self." + name).reshape(n, heads, size).transpose(1, 0, 2) for name in ("query", "key", "value"))
        a = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(size))
        a = (a / a.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, -1)
        x = norm(x + linear(a, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        x = norm(x + linear(act(linear(x, p + "intermediate.dense")), p + "output.dense"), p + "output.LayerNorm")
    return x


def unit(v):
    return v / np.linalg.norm(v)


def tokenizer(lower=True, bert_processing=False):
    t = Tokenizer(WordPiece({p: i for i, p in enumerate(VOCABULARY)}, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = BertNormalizer(lowercase=lower)
    t.pre_tokenizer = BertPreTokenizer()
    t.add_special_tokens([AddedToken(s, normalized=False, special=True, lstrip=s == "[MASK]") for s in SPECIAL])
    if bert_processing:
        t.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    else:
        t.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t


def dump(name, value):
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def config(**values):
    return {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": 64, "type_vocab_size": 2,
        "vocab_size": len(VOCABULARY), "position_embedding_type": "absolute", **values,
    }


def modules(*kinds):
    paths = ["", "1_Pooling", "2_Dense", "3_Normalize"]
    return [{"idx": i, "name": str(i), "path": paths[i] if k != "Normalize" else f"{i}_Normalize", "type": "sentence_transformers.models." + k} for i, k in enumerate(kinds)]


def answers(out, lines):
    with (out / "reference.jsonl").open("w") as f:
        for line in lines:
            line["vector"] = [float(f"{x:.7g}") for x in line["vector"]]
            f.write(json.dumps(line, ensure_ascii=False) + "\n")


def mean_model(out, rng):
    """As most models are today: one file, tokenizer.json, mean pooling. F16."""
    c = config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, max_position_embeddings=128)
    w = random_bert(rng, c, "F16")
    out.mkdir(parents=True)
    write_tensors(out / "model.safetensors", w, "F16")
    dump(out / "config.json", c)
    dump(out / "modules.json", modules("Transformer", "Pooling", "Normalize"))
    dump(out / "1_Pooling/config.json", {"word_embedding_dimension": 32, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False})
    dump(out / "sentence_bert_config.json", {"max_seq_length": 128, "do_lower_case": False})
    t = tokenizer()
    t.save(str(out / "tokenizer.json"), pretty=False)
    answers(out, [{"text": x, "ids": t.encode(x).ids, "vector": unit(hidden(w, c, t.encode(x).ids).mean(0))} for x in TEXTS[:-1]])


def cls_model(out, rng):
    """As older ones are: vocab.txt, cased, names of TensorFlow under a prefix, in two parts; CLS pooling, a dense layer, prompts. BF16; sizes that fill no register."""
    c = config(hidden_size=28, num_hidden_layers=1, num_attention_heads=2, intermediate_size=20, hidden_act="gelu_new", layer_norm_eps=1e-6)
    w = random_bert(rng, c, "BF16")
    dense = {"linear.weight": rounded(rng.normal(0, 0.3, (10, 28)), "F32"), "linear.bias": rounded(rng.normal(0, 0.1, 10), "F32")}
    (out / "2_Dense").mkdir(parents=True)
    named = {"bert." + k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in w.items()}
    parts = {"model-00001-of-00002.safetensors": dict(list(named.items())[:9]), "model-00002-of-00002.safetensors": dict(list(named.items())[9:])}
    for name, part in parts.items():
        write_tensors(out / name, part, "BF16")
    dump(out / "model.safetensors.index.json", {"metadata": {"total_size": 1}, "weight_map": {k: name for name, part in parts.items() for k in part}})
    write_tensors(out / "2_Dense/model.safetensors", dense, "F32")
    dump(out / "2_Dense/config.json", {"in_features": 28, "out_features": 10, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"})
    dump(out / "config.json", c)
    dump(out / "modules.json", modules("Transformer", "Pooling", "Dense", "Normalize"))
    dump(out / "1_Pooling/config.json", {"word_embedding_dimension": 28, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    dump(out / "config_sentence_transformers.json", {"prompts": {"query": "say: ", "document": ""}, "default_prompt_name": None})
    dump(out / "tokenizer_config.json", {"do_lower_case": False, "model_max_length": 1e30, "unk_token": "[UNK]", "mask_token": {"content": "[MASK]", "lstrip": True}})
    (out / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    t = BertWordPieceTokenizer(str(out / "vocab.txt"), lowercase=False)
    vector = lambda x: unit(np.tanh(hidden(w, c, t.encode(x).ids)[0] @ dense["linear.weight"].T + dense["linear.bias"]))
    lines = [{"text": x, "ids": t.encode(x).ids, "vector": vector(x)} for x in TEXTS[:6]]
    answers(out, lines + [{"text": x, "query": True, "ids": t.encode("say: " + x).ids, "vector": vector("say: " + x)} for x in TEXTS[:6]])


def prefix_model(out, rng):
    """The rest: a folder of its own for the transformer, BertProcessing, a prompt that does not count, ReLU, F32."""
    c = config(hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16, hidden_act="relu")
    del c["model_type"]
    w = random_bert(rng, c, "F32")
    root = out / "0_Transformer"
    root.mkdir(parents=True)
    write_tensors(root / "model.safetensors", w, "F32")
    dump(root / "config.json", c)
    dump(out / "modules.json", [{**m, "path": m["path"] or "0_Transformer"} for m in modules("Transformer", "Pooling")])
    dump(out / "1_Pooling/config.json", {"pooling_mode": "mean", "include_prompt": False})
    dump(out / "config_sentence_transformers.json", {"prompts": {"any": "said: "}, "default_prompt_name": "any"})
    dump(root / "sentence_bert_config.json", {"max_seq_length": 32, "do_lower_case": True})
    t = tokenizer(bert_processing=True)
    t.save(str(root / "tokenizer.json"), pretty=False)
    skip = len(t.encode("said: ").ids) - 1
    lines = []
    for x in TEXTS[:2] + TEXTS[3:5]:
        ids = t.encode("said: " + x.lower()).ids
        lines.append({"text": x, "ids": ids, "vector": unit(hidden(w, c, ids)[skip:].mean(0))})
    answers(out, lines)


def static_models(out, rng):
    from model2vec import StaticModel
    from safetensors.numpy import save_file

    n = len(VOCABULARY)
    table = rng.normal(0, 1, (n, 12)).astype(np.float32)
    bare = tokenizer()
    bare.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    models = {
        "plain": StaticModel(table, bare, config={"normalize": True}, normalize=True),
        "quantized": StaticModel(
            (table[:40] * 40).clip(-127, 127).astype(np.int8), bare, normalize=True,
            weights=rng.uniform(0.1, 2, n).astype(np.float32), token_mapping=rng.integers(0, 40, n).astype(np.int64),
        ),
    }
    for name, model in models.items():
        model.save_pretrained(out / name)
        for extra in ("README.md", "modules.json"):
            (out / name / extra).unlink(missing_ok=True)
        answers(out / name, [{"text": x, "vector": model.encode(x, use_multiprocessing=False)} for x in TEXTS])
    nested = out / "nested/0_StaticEmbedding"
    nested.mkdir(parents=True)
    save_file({"embedding.weight": table[:, :7].astype(np.float16)}, nested / "model.safetensors")
    bare.save(str(nested / "tokenizer.json"), pretty=False)
    dump(out / "nested/config_sentence_transformers.json", {})
    model = StaticModel.from_pretrained(out / "nested", normalize=True)
    model.embedding = model.embedding.astype(np.float32)  # a mean in F16 would be the coarser one
    answers(out / "nested", [{"text": x, "vector": model.encode(x, use_multiprocessing=False)} for x in TEXTS])


def tokenizers(out):
    """Vocabularies of single characters of many scripts, some of which are missing, and longer pieces; texts of check-bert.py."""
    spec = importlib.util.spec_from_file_location("check", pathlib.Path(__file__).parent / "check-bert.py")
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    rnd = random.Random(7)
    folded, whole = BertNormalizer(), BertNormalizer(lowercase=False)
    characters = sorted({c for a in check.ALPHABETS for n in (folded, whole) for c in n.normalize_str(a) if not c.isspace() and rnd.random() < 0.9})
    pieces = characters + ["##" + c for c in characters if c.isalpha()] + [m + a + b for a, b in zip(LETTERS * 8, rnd.choices(LETTERS, k=208)) for m in ("", "##")]
    vocabulary = {p: i for i, p in enumerate(dict.fromkeys(SPECIAL + WORDS + pieces))}
    phrases = [AddedToken("new town", normalized=True), AddedToken("Miller", single_word=True, normalized=False), AddedToken("<a>", lstrip=True, rstrip=True), AddedToken("<ab", normalized=False)]
    extra = ["A New  Town, a NEW TOWN and anew towns", "Miller Millers amiller Miller's, Miller", "x  <a>  y<a><a> z", "<ab<a><abc>", " <a>"]
    out.mkdir(parents=True)
    for name, normalizer, added in (("uncased", folded, []), ("cased", whole, []), ("accents", BertNormalizer(strip_accents=False, clean_text=False, handle_chinese_chars=False), []), ("added", folded, phrases)):
        t = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=20 if added else 100))
        t.normalizer, t.pre_tokenizer = normalizer, BertPreTokenizer()
        t.add_special_tokens([AddedToken(s, normalized=False, special=True, lstrip=s == "[MASK]") for s in SPECIAL])
        t.add_tokens(added)
        t.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        t.save(str(out / f"{name}.json"), pretty=False)
        texts = [x for x in check.texts(sorted(vocabulary), 400) if len(x) < 200][:60] + TEXTS + extra
        with (out / f"{name}.jsonl").open("w") as f:
            for x in texts:
                f.write(json.dumps({"text": x, "ids": t.encode(x).ids}) + "\n")
    classes(out / "characters.txt")


def classes(name):
    """What tokenizers make of each character by itself, as runs: cleaned, stripped of its accents, set apart as Chinese or as punctuation."""
    clean = BertNormalizer(True, False, False, False)
    strip = BertNormalizer(False, False, True, False)
    chinese = BertNormalizer(False, True, False, False)
    split = BertPreTokenizer()
    runs = []
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        s = chr(c)
        kind = "".join(
            letter for letter, holds in (
                ("d", clean.normalize_str(s) == ""), ("s", clean.normalize_str(s) == " "), ("m", strip.normalize_str(s) == ""),
                ("c", chinese.normalize_str(s) != s), ("p", len(split.pre_tokenize_str("a" + s + "b")) == 3),
            ) if holds
        )
        if not runs or runs[-1][1] != kind:
            runs.append((c, kind))
    name.write_text("".join(f"{c:x} {kind}\n" for c, kind in runs))


def main():
    wordpiece = pathlib.Path("embed/encoder/wordpiece/testdata")
    bert, static = pathlib.Path("embed/encoder/bert/testdata"), pathlib.Path("embed/encoder/static/testdata")
    for folder in (wordpiece, bert / "mean", bert / "cls", bert / "prefix", static / "plain", static / "quantized", static / "nested"):
        shutil.rmtree(folder, ignore_errors=True)
    mean_model(bert / "mean", np.random.default_rng(1))
    cls_model(bert / "cls", np.random.default_rng(2))
    prefix_model(bert / "prefix", np.random.default_rng(3))
    static_models(static, np.random.default_rng(4))
    tokenizers(wordpiece)


main()
