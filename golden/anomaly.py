"""Writes anomaly.json: scores with ties, and what scikit-learn and NumPy compute of them.

scikit-learn 1.9.1, NumPy 2.4.6. The scores are f64 that JSON gives back to the bit.
"""

import json
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

random = np.random.default_rng(7)
cases = []
for rows, share, shift, digits in [(40, 0.2, 1.0, 1), (500, 0.05, 1.5, 2), (3000, 0.01, 0.3, 6)]:
    labels = random.random(rows) < share
    labels[:2] = [True, False]
    scores = np.round(np.exp(random.normal(size=rows) + shift * labels), digits)
    cases.append(
        {
            "scores": scores.tolist(),
            "anomalies": labels.tolist(),
            "roc_auc": roc_auc_score(labels, scores),
            "average_precision": average_precision_score(labels, scores),
            "contamination": share,
            "threshold": float(np.percentile(scores, 100 * (1 - share))),
        }
    )
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(cases) + "\n")
