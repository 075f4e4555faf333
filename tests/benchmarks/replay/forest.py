"""Extremely randomized trees (Geurts et al. 2006) of which one point is asked at a time.

scikit-learn fits them. Its prediction of a single point takes milliseconds; here all trees are walked down together.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from replay.tables import Floats

TREES = 60


class Forest:
    """Several outputs for each point."""

    def __init__(self, points: Floats, targets: Floats, seed: int) -> None:
        """`points` is (n, inputs), `targets` (n, outputs)."""
        self._fitted = ExtraTreesRegressor(TREES, min_samples_leaf=1, random_state=seed).fit(points, targets)
        trees = [each.tree_ for each in self._fitted.estimators_]
        starts = np.cumsum([0, *(tree.node_count for tree in trees)])
        self._roots = starts[:-1]
        self._depth = max(tree.max_depth for tree in trees)
        self._feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees])
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._values = np.concatenate([tree.value[:, :, 0] for tree in trees]).astype(np.float32)
        self._children = np.concatenate([_children(tree) + start for tree, start in zip(trees, starts, strict=False)])

    def __call__(self, point: Floats) -> Floats:
        """The outputs at one point."""
        point = point.astype(np.float32)  # as scikit-learn compares it
        nodes = self._roots
        for _ in range(self._depth):
            right = point[self._feature[nodes]] > self._threshold[nodes]
            nodes = self._children[nodes, right.astype(np.intp)]
        mean: Floats = self._values[nodes].mean(axis=0, dtype=np.float64)
        return mean

    def many(self, points: Floats) -> Floats:
        """The outputs at each of many points."""
        found: Floats = self._fitted.predict(points)
        return found


def _children(tree: object) -> np.ndarray:
    """(nodes, 2): where each node leads. A leaf leads to itself."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    own = np.arange(len(left))
    return np.stack([np.where(left < 0, own, left), np.where(right < 0, own, right)], axis=1)
