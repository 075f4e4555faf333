"""Optimizers without torch's compiler, which nothing here uses: 900 modules and 3 to 4 s of each worker's start.

Torch's optimizers import `torch._dynamo` when they are made (to learn how to hide a method from it) and when they step
(to tell it where a graph ends). For code that is not compiled both do nothing else. A torch that changes these inner
ways makes a worker slower to start again, and nothing worse; a test would say so.
"""

import inspect
import sys

import torch


def skip_dynamo(owner: type = torch.optim.Optimizer) -> None:
    """Gives the answer that `torch._compile._disable_dynamo` would import the compiler for: the method as it is.

    To be called before an optimizer is made, or another `owner` of methods that are hidden from the compiler is used.
    Does nothing where the compiler is imported already.
    """
    if "torch._dynamo" in sys.modules:
        return
    for method in vars(owner).values():
        eager = getattr(method, "__wrapped__", None)
        if eager is not None and not hasattr(eager, "__dynamo_disable"):
            setattr(eager, "__dynamo_disable", eager)


@torch.no_grad()
def step(optimizer: torch.optim.Optimizer) -> None:
    """`optimizer.step()` without its wrappers, which serve profiling, hooks, differentiable steps and compilation."""
    inspect.unwrap(type(optimizer).step)(optimizer)
