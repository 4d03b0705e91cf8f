"""The product's own source, for the tests that hold its laws."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    path: str
    """From the root of the repository: "app/core/db.py"."""
    text: str
    tree: ast.Module

    def comment_lines(self) -> set[int]:
        """Numbers of the lines that carry a comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{node.lineno}"


def modules() -> Iterator[Module]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield Module(str(path.relative_to(ROOT)), text, ast.parse(text))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """ "session.commit" of `db.session.commit()`: the last two names, or the one there is."""
    return ".".join(ast.unparse(call.func).split(".")[-2:])
