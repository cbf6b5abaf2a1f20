"""Tokens of MaBoSS files, whose statements may run over lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forestall.interop.logical.expressions import Operator
from forestall.interop.logical.parsing import Place, Token
from forestall.interop.logical.text import refuse_include

MABOSS_SIGNS = {
    "&": Operator.AND,
    "&&": Operator.AND,
    "|": Operator.OR,
    "||": Operator.OR,
    "!": Operator.NOT,
    "^": Operator.XOR,
    "==": Operator.EQUAL,
    "!=": Operator.UNEQUAL,
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    ">": Operator.GREATER,
    ">=": Operator.AT_LEAST,
    "+": Operator.ADD,
    "-": Operator.SUBTRACT,
    "*": Operator.MULTIPLY,
    "/": Operator.DIVIDE,
}
MAX_TOKENS = 50_000
_TRUTHS = {"true": "1", "false": "0"}
_TOKEN = re.compile(
    r"""(?P<newline>\n) | (?P<blank>[^\S\n]+ | //[^\n]* | /\*.*?\*/)
    | (?P<open_comment>/\*) | (?P<include>[#]\s*include[^\n]*)
    | (?P<string>"[^"\n]*")
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_]))
    | [$](?P<parameter>\w+) | @(?P<attribute>\w+)
    | (?P<name>\w+)
    | (?P<operator>&&?|\|\|?|[=!<>]=|[!<>^+*/-])
    | (?P<sign>[(){}\[\]=;?:,.])""",
    re.VERBOSE | re.DOTALL,
)


def maboss_tokens(text: str, place: Place) -> Iterator[Token]:
    """Tokens of a .bnd or .cfg file.

    Raises:
        InputError: at a sign that has no meaning.
    """
    line, at = 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup == "open_comment":
            message = "unknown symbol" if found is None else "this comment is never closed"
            place.refuse(message, line, value=text[at : at + 2].strip())
        if found.lastgroup == "include":
            refuse_include(place, line, found.group())
        if found.lastgroup not in ("blank", "newline"):
            yield _token(found, line)
        line += found.group().count("\n")
        at = found.end()


def _token(found: re.Match[str], line: int) -> Token:
    kind = str(found.lastgroup)
    text = found[kind]
    if kind == "sign":
        return Token(text, text, line)
    if kind == "name" and text.casefold() in _TRUTHS:
        return Token("number", _TRUTHS[text.casefold()], line)
    return Token(kind, text.strip('"'), line)


class TokenReader:
    """Tokens one after the other, with the line of the last one for complaints."""

    def __init__(self, text: str, place: Place) -> None:
        self.place = place
        self._tokens = maboss_tokens(text, place)
        self._next: Token | None = next(self._tokens, None)
        self.line = 1

    @property
    def done(self) -> bool:
        """Whether no token is left."""
        return self._next is None

    def peek(self) -> str:
        """Text of the next token, empty at the end."""
        return "" if self._next is None else self._next.text

    def take(self, wanted: str) -> Token:
        """The next token.

        Args:
            wanted: What is expected, for the complaint if the file ends here.
        """
        token = self._next
        if token is None:
            self.place.refuse(f"the file ends where {wanted} is expected", self.line)
        self.line = token.line
        self._next = next(self._tokens, None)
        return token

    def expect(self, *kinds: str) -> Token:
        """The next token, which must be of one of some kinds."""
        wanted = " or ".join(f"'{kind}'" if len(kind) == 1 else f"a {kind}" for kind in kinds)
        token = self.take(wanted)
        if token.kind not in kinds:
            self.place.refuse(f"expected {wanted}", token.line, value=token.text)
        return token

    def until(self, stop: str, *, not_in: str = "{}") -> list[Token]:
        """The tokens before a sign, which is taken too; signs of `not_in` mean that it is missing."""
        tokens: list[Token] = []
        while True:
            token = self.take(f"'{stop}'")
            if token.kind == stop:
                return tokens
            if token.kind in not_in or token.kind == "=":
                self.place.refuse(f"expected '{stop}' before this", token.line, value=token.text)
            tokens.append(token)
            if len(tokens) > MAX_TOKENS:
                self.place.refuse(
                    "this expression is too long", token.line, allowed=f"{MAX_TOKENS:,} words and signs"
                )
