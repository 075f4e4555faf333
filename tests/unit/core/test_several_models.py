"""Which models a sweep of several has, as they are typed and as a trial says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import make_config

from tuner.core import own_code, several_models
from tuner.core.errors import TunerError
from tuner.core.several_models import MODEL, check, model_of, models_in, own_parameters, titles

OWN = '"""Mine."""\nTASKS = ("image",)\n\n\ndef build(data):\n    ...\n'


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("cnn,", "write names with single commas between"),
        ("cnn,lenet,cnn", "cnn is given twice"),
        ("cnn,nix", "unknown model 'nix'"),
        ("torchvision:resnet18,torchvision:resnet18", "torchvision_resnet18 is given twice"),
    ],
)
def test_names_that_cannot_be_told_apart_or_are_none_are_refused(models: str, message: str) -> None:
    with pytest.raises(TunerError, match=message):
        check(models)


def test_own_files_stand_among_them_with_a_comma_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("a.py", "b,c.py", "sub/a.py"):
        Path(name).write_text(OWN + f"# {name}\n")
    models = several_models.resolve("cnn,a.py")
    check(models)
    assert titles(models) == ("cnn", "a")
    name = model_of(models, {MODEL: "a", "lr": 1})
    assert own_code.is_own(name)
    assert several_models.typed(models) == f"cnn,{tmp_path}/a.py"
    alone = several_models.resolve("b,c.py")
    assert models_in(alone) == (alone,)
    with pytest.raises(TunerError, match="a is the name of two models: rename a file"):
        check(several_models.resolve("a.py,sub/a.py"))


def test_a_parameter_model_is_a_model_s_own_where_there_is_one_model() -> None:
    assert own_parameters("cnn", {MODEL: "x", "lr": 1}) == {MODEL: "x", "lr": 1}
    assert own_parameters("cnn,lenet", {MODEL: "cnn", "lr": 1}) == {"lr": 1}
    assert model_of("cnn", {MODEL: "x"}) == "cnn"


def test_a_trial_s_model_is_registered_under_its_own_pair() -> None:
    config = make_config(model="cnn,lenet", default=True)
    assert (config.pair, config.pair_of({MODEL: "lenet"})) == ("digits-cnn-lenet", "digits-lenet")
    assert config.subject == "cnn or lenet on digits"
    assert config.defaults == 2
