"""scikit-learn: exact PCA by the covariance's eigenvalues, its fastest solver for many rows.

    python benchmarks/peers/scikit.py float32|float64 WORKLOAD THREADS ROWS FOLDER SEED
"""

import numpy as np
import sklearn
from common import Task, task, timed_passes
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits


def fit(task: Task) -> None:
    data = task.numbers().astype(task.variant)
    components = task.workload["components"]

    def mean_squared_error(pca: PCA) -> float:
        """Of the best reconstruction from the components: the variance that they leave, per feature."""
        left = data.var(axis=0, dtype=np.float64).sum() * (1 - pca.explained_variance_ratio_.sum(dtype=np.float64))
        return left / data.shape[1]

    timed_passes(
        task,
        lambda: PCA(n_components=components, svd_solver="covariance_eigh").fit(data),
        mean_squared_error,
        {"scikit-learn": sklearn.__version__},
    )


if __name__ == "__main__":
    given = task(["float32", "float64"])
    with threadpool_limits(given.threads):
        fit(given)
