"""Writes pairs.json: figures of scored pairs by scipy and scikit-learn, which the tests hold this package to.

    pip install scipy==1.17.1 scikit-learn==1.9.1
    python reference.py > pairs.json
"""
import json
import random

from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

draw = random.Random(7)


def case(name, scores, grades, positive):
    right = [g >= positive for g in grades]
    precision, recall, _ = precision_recall_curve(right, scores)
    f1 = max(2 * p * r / (p + r) if p + r else 0 for p, r in zip(precision, recall))
    return {
        "name": name, "scores": scores, "grades": grades, "positive": positive,
        "pearson": pearsonr(scores, grades)[0], "spearman": spearmanr(scores, grades)[0],
        "auc": roc_auc_score(right, scores), "ap": average_precision_score(right, scores), "f1": f1,
    }


def noisy(n, levels, rounding):
    grades = [draw.choice(levels) for _ in range(n)]
    return [round(g / max(levels) + draw.gauss(0, 0.6), rounding) for g in grades], grades


cases = [
    case("distinct scores", *noisy(40, [0, 1, 2, 3, 4, 5], 9), 3),
    case("many tied scores", *noisy(60, [0, 1, 2, 3, 4, 5], 1), 3),
    case("two grades", *noisy(50, [0, 1], 1), 1),
    case("all scores equal but one", [0.5] * 9 + [0.9], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], 1),
    case("scores against the grades", [0.1, 0.2, 0.3, 0.4], [3, 2, 1, 0], 2),
    case("negative scores", [-3, -1.5, -1.5, 0, 2], [0, 0, 1, 0, 1], 1),
]
print(json.dumps(cases, indent=1))
