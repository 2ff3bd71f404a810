"""Writes reference.qrels, reference.run and reference.json: figures of rankings by ir-measures, which the tests hold this package to.

    pip install ir-measures==0.4.3 pytrec-eval-terrier==0.5.11
    python reference.py
"""
import json
import random

import ir_measures
from ir_measures import AP, RR, R, nDCG

draw = random.Random(11)
qrels, run = {}, {}
for q in range(12):
    documents = [f"d{i}" for i in range(140)]
    judged = draw.sample(documents, 30) + [f"gone{i}" for i in range(q % 3)]  # judged documents that no answer can have
    qrels[f"random{q}"] = {d: draw.choice([0, 0, 0, 1, 1, 2, 3]) for d in judged}
    liked = qrels[f"random{q}"]
    run[f"random{q}"] = {  # scores of one decimal: many are tied
        d: round(liked.get(d, 0) / 3 + draw.gauss(0, 0.7), 1) for d in draw.sample(documents, 130)}
qrels["nothing-relevant"] = {"d1": 0, "d2": 0}
run["nothing-relevant"] = {"d1": 2.0, "d2": 1.0}
qrels["nothing-found"] = {"d1": 2, "d2": 1}
run["nothing-found"] = {"d3": 2.0, "d4": 1.0}
qrels["below-zero"] = {"d1": -1, "d2": 1, "d3": 2}
run["below-zero"] = {"d1": 3.0, "d3": 2.0, "d2": 1.0}
qrels["more-than-five"] = {f"d{i}": 1 for i in range(9)}
run["more-than-five"] = {f"d{i}": 20.0 - i for i in range(12)}
run["not-judged"] = {"d1": 1.0}

with open("reference.qrels", "w") as f:
    for q, grades in qrels.items():
        f.writelines(f"{q}\t0\t{d}\t{g}\n" for d, g in grades.items())
with open("reference.run", "w") as f:
    for q, scores in run.items():
        f.writelines(f"{q} Q0 {d} 0 {s} reference\n" for d, s in scores.items())
figures = {"ndcg@10": nDCG @ 10, "recall@10": R @ 10, "recall@100": R @ 100, "map@5": AP @ 5, "mrr": RR}
each = {q: {} for q in qrels}
for name, figure in figures.items():
    for m in figure.iter_calc(qrels, run):
        if m.query_id in each:
            each[m.query_id][name] = m.value
for values in each.values():  # RR@10 of ir-measures is that of another tool, which orders equal scores in another way
    values["mrr@10"] = values["mrr"] if values["mrr"] >= 0.1 else 0
mean = ir_measures.calc_aggregate(list(figures.values()), qrels, run)
with open("reference.json", "w") as f:
    json.dump({"queries": each, "mean": {name: mean[figure] for name, figure in figures.items()}}, f, indent=1)
