"""Models and datasets that another library has, by its name for them: LIBRARY:NAME, such as torchvision:resnet50.

models/of_LIBRARY.py and datasets/of_LIBRARY.py know the library. In names of pairs, sweeps and files the colon and all
else that is no letter or digit is _.
"""

from __future__ import annotations

from typing import Literal

from tuner.core.files import slug

Kind = Literal["models", "datasets"]
LIBRARIES: dict[Kind, tuple[str, ...]] = {"models": ("torchvision", "timm"), "datasets": ("torchvision", "openml")}


def is_library_name(kind: Kind, name: str) -> bool:
    """Whether this names what a library has.

    >>> is_library_name("models", "timm:vit_tiny_patch16_224"), is_library_name("datasets", "folder:timm")
    (True, False)
    """
    library, colon, _ = name.partition(":")
    return bool(colon) and library in LIBRARIES[kind]


def title(name: str) -> str:
    """The name in those of pairs, sweeps and files. Other names are as they are.

    >>> title("torchvision:convnext_tiny"), title("openml:credit-g"), title("cnn")
    ('torchvision_convnext_tiny', 'openml_credit_g', 'cnn')
    """
    return slug(name) if any(is_library_name(kind, name) for kind in LIBRARIES) else name


def is_title(kind: Kind, text: str) -> bool:
    """Whether this may be the title of what a library has."""
    return text.startswith(tuple(f"{library}_" for library in LIBRARIES[kind]))
