"""Writes what Hugging Face's tokenizers and a plain numpy BERT make of a few thousand texts, for akin's tests to compare with.

usage: check-bert.py MODEL OUT    MODEL: a folder like all-MiniLM-L6-v2's, uncased, mean pooling; OUT: JSON Lines of text, ids and, of 500 of them, vector
"""
import json, math, pathlib, random, sys

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "àáâãäåçèéêëìíîïñòóôõöùúûüýÿœæøßÀÉÎÕÜŠŽčřżŁİıſ",
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经",
    "ァアイウエカガキクぁあいうえかがき", "가나다라마바사아자차한글", "абвгдежзиклмнопрстуфхцчшщыэюяЁЙ", "αβγδεζηθικλμνξοπρσςτυφχψωΆΈ", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวศสหอฮะาำเแโใไ", "אבגדהוזחטיכלמנסעפצקרשת", "अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह",
    "😀😂🎉👩‍👩‍👧🇫🇷👍🏽❤️✨", "\u0301\u0308\u0327\u0323\u200d\ufe0f\u20e3", "\x00\x01\x07\x0b\x0c\x1b\x7f\x85\xad\u200b\u2028\ufeff\ufffd\ue000",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "，。！？：；“”‘’（）《》、…—·「」『』", "€£¥§©®™°±×÷½²³№√∞≠≤", "\u3400\u4dbf\U00020000\U0002a6df\U0002b820\uf900\U0002f800",
]
SPACES = [" "] * 12 + ["  ", "\t", "\n", "\r\n", "\u3000", "\xa0", "\u2009", ""]


def texts(vocabulary, count):
    rnd = random.Random(20)
    pieces = [p.removeprefix("##") for p in vocabulary if not p.startswith("[")]

    def word():
        kind = rnd.random()
        if kind < 0.55:
            return rnd.choice(pieces)
        if kind < 0.65:
            return "".join(rnd.choice(pieces) for _ in range(rnd.randint(2, 4))).title()
        if kind < 0.9:
            alphabet = rnd.choice(ALPHABETS)
            return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(1, 9)))
        if kind < 0.93:
            return "".join(rnd.choice(ALPHABETS[0] + ALPHABETS[3]) for _ in range(rnd.randint(95, 105)))
        if kind < 0.95:
            return rnd.choice(["[SEP]", "[MASK]", "x[CLS]y", "[UNK]", "[sep]", "[ SEP ]", "[PAD][PAD]", "##ing", "[unused5]"])
        return "".join(chr(rnd.choice([rnd.randint(0x20, 0x2fff), rnd.randint(0x3000, 0xd7ff), rnd.randint(0xe000, 0x1ffff)])) for _ in range(rnd.randint(1, 4)))

    for i in range(count):
        n = rnd.randint(1, 12) if i % 4 else rnd.randint(10, 80)
        yield "".join(word() + rnd.choice(SPACES) for _ in range(n))


class Bert:
    def __init__(self, folder):
        self.weights = load_file(str(folder / "model.safetensors"))
        self.config = json.loads((folder / "config.json").read_text())

    def vector(self, ids):
        w, c, n = self.weights, self.config, len(ids)
        heads, size = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"]
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:n] + w["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for layer in range(c["num_hidden_layers"]):
            p = f"encoder.layer.{layer}."
            q, k, v = (self.linear(x, p + "attention.self." + name).reshape(n, heads, size).transpose(1, 0, 2) for name in ("query", "key", "value"))
            a = q @ k.transpose(0, 2, 1) / math.sqrt(size)
            a = np.exp(a - a.max(-1, keepdims=True))
            a = (a / a.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, -1)
            x = self.norm(x + self.linear(a, p + "attention.output.dense"), p + "attention.output.LayerNorm")
            h = gelu(self.linear(x, p + "intermediate.dense"))
            x = self.norm(x + self.linear(h, p + "output.dense"), p + "output.LayerNorm")
        v = x.mean(0)
        return v / np.linalg.norm(v)

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.config["layer_norm_eps"]) * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def gelu(x):
    """Exact GELU; erf by formula 7.1.26 of Abramowitz and Stegun, whose error is below 1.5e-7."""
    z = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    erf = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * np.exp(-z * z)
    return 0.5 * x * (1 + np.sign(x) * erf)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    bert, short, long = Bert(folder), 0, 0
    with out.open("w") as f:
        for text in texts(sorted(tokenizer.get_vocab()), 2500):
            line = {"text": text, "ids": tokenizer.encode(text).ids}
            n = len(line["ids"])
            if short < 460 and 2 < n <= 48 or long < 40 and 48 < n <= 256:  # a longer one is not embedded in one piece
                short, long = short + (n <= 48), long + (n > 48)
                line["vector"] = [round(float(x), 7) for x in bert.vector(line["ids"])]
            f.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
