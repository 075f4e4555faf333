"""A user's own training as it is given: a function, a file that has one, or the command of a program."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import cloudpickle

from tuner.core.code_reference import find_code
from tuner.core.errors import TunerError, one_line
from tuner.core.files import slug
from tuner.core.kept_code import KeptCode, is_kept, read_code
from tuner.core.program import FUNCTION, SCRIPT, USAGE, Program
from tuner.core.script_files import read_script_files, unsent

_SAVE, _TRIAL = "save", "trial"


@dataclass(frozen=True, kw_only=True)
class ProgramRequest:
    """What is to train the trials."""

    program: Program
    code: KeptCode | bytes | None = field(default=None, repr=False)
    """Of a function: a file with what it imports, or what cloudpickle makes of the function.

    Of a program: the files that its command names, None when it names none.
    """

    @classmethod
    def of_text(cls, text: str) -> ProgramRequest | None:
        """The file that a text names, FILE.py or FILE.py:FUNCTION; None for any other text. Raises TunerError."""
        reference = find_code(text)
        if reference is None:
            return None
        kept = reference.read()
        return cls._of_kept(kept, kept.shown(kept.entry) if is_kept(reference.file) else text)

    @classmethod
    def of_function(cls, function: Callable[..., Any]) -> ProgramRequest:
        """A function of Python.

        One of a module's file is kept as the file, with what that imports from beside it. One of a notebook, of the
        script that runs, or within another function is pickled, with the modules beside it that it needs.

        Raises:
            TunerError: it takes other arguments, or cannot be pickled.
        """
        name = getattr(function, "__name__", type(function).__name__)
        try:
            inspect.signature(function).bind(None)
        except TypeError:
            raise TunerError(f"{name}{inspect.signature(function)} takes other arguments: write {USAGE}") from None
        except ValueError:  # one without a signature, such as one in C
            raise TunerError(f"{name} is no function of Python: write {USAGE}") from None
        file = _file_of(function)
        if file is not None:
            return cls._of_kept(read_code(file, name), name)
        try:
            with _by_value(_modules_here()):
                code: bytes = cloudpickle.dumps(function)
        except Exception as error:
            raise TunerError(
                f"{name} cannot be kept with the sweep: {type(error).__name__}: {one_line(error)}"
            ) from None
        digest, name = sha256(code).hexdigest()[:16], slug(name.replace("<lambda>", "function"))
        program = Program(kind=FUNCTION, name=name, shown=name, digest=digest, saves=_function_saves(function))
        return cls(program=program, code=code)

    @classmethod
    def of_script(cls, command: str, sent: Path | None = None) -> ProgramRequest:
        """A program, run in the present folder. It is named after the first word that is a file, or the first word.

        Args:
            command: with placeholders.
            sent: the folder with its files, see KeptCode, where it was sent from elsewhere.
        """
        here = Path.cwd()
        kept = KeptCode.open(sent) if sent else read_script_files(command, here)
        words = command.split()
        named = next((word for word in words if Path(word).suffix and Path(word).is_file()), words[0] if words else "")
        program = Program(
            kind=SCRIPT,
            name=kept.name if kept else slug(Path(named).stem),
            shown=command,
            digest=kept.digest if kept else "",
            saves=False,
            command=command,
            folder=str(here),
        )
        return cls(program=program, code=kept)

    @classmethod
    def _of_kept(cls, kept: KeptCode, shown: str) -> ProgramRequest:
        program = Program(kind=FUNCTION, name=kept.name, shown=shown, digest=kept.digest, saves=_file_saves(kept))
        return cls(program=program, code=kept)


def not_sent(asked: ProgramRequest) -> list[str]:
    """The words of a program's command that name something here which is not sent to a cluster with it."""
    kept = asked.code if isinstance(asked.code, KeptCode) else None
    return unsent(asked.program.command, kept, Path.cwd())


def _file_of(function: Callable[..., Any]) -> Path | None:
    """The file of a function that can be imported from it by its name; None for any other function."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    name = getattr(function, "__qualname__", "<locals>")
    if module is None or module.__name__ == "__main__" or "." in name or getattr(module, name, None) is not function:
        return None
    file = getattr(module, "__file__", None)
    return Path(file) if file and file.endswith(".py") else None


def _modules_here() -> list[ModuleType]:
    """The modules that were imported from the present folder: a worker would not find them by their names."""
    here, found = Path.cwd(), []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        own = (
            file and Path(file).is_relative_to(here) and not {"site-packages", "dist-packages"} & set(Path(file).parts)
        )
        if own and module.__name__ != "__main__" and module.__name__.partition(".")[0] != "tuner":
            found.append(module)
    return found


@contextmanager
def _by_value(modules: Collection[ModuleType]) -> Iterator[None]:
    """What is of these modules is pickled with its code, as long as the block lasts."""
    registered = []
    for module in modules:
        with suppress(ValueError):
            cloudpickle.register_pickle_by_value(module)
            registered.append(module)
    try:
        yield
    finally:
        for module in registered:
            with suppress(ValueError):
                cloudpickle.unregister_pickle_by_value(module)


def _file_saves(kept: KeptCode) -> bool:
    """Whether the code of a file calls `trial.save`."""
    return any(_saves(source.decode(errors="replace")) for source in kept.files.values())


def _function_saves(function: Callable[..., Any]) -> bool:
    try:
        return _saves(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return code is not None and _names_save(code)


def _saves(source: str) -> bool:
    """Whether a text of Python has a call `X.save(...)` of a trial: of `trial`, or of an only argument."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return _SAVE in source
    named = {_TRIAL}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and len(node.args.args) == 1 and node.args.args[0].arg != "self":
            named.add(node.args.args[0].arg)
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    saved = (call.value for call in calls if isinstance(call, ast.Attribute) and call.attr == _SAVE)
    return any(
        (isinstance(each, ast.Name) and each.id in named) or (isinstance(each, ast.Attribute) and each.attr == _TRIAL)
        for each in saved
    )


def _names_save(code: CodeType) -> bool:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return _SAVE in code.co_names or any(map(_names_save, inner))
