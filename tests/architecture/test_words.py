"""Text is plain English: words that make a sentence hard to follow are refused."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

BEGINS = r"^(?:# |// |/\*\* )?"
WORDS = {
    "whoever": r"\bwhoever\b",
    "anew": r"\banew\b",
    "mend": r"\bmend\w*",
    "meanwhile": r"\bmeanwhile\b",
    "put aside": r"\bput(s|ting)?( \w+)? aside\b",
    "wish": r"\bwish\w*",
    "besides": r"\bbesides\b",
    "is no": r"\bis no [a-z]+",
    "for who": r"\bfor who\b",
    "told": r"\btold\b",
    "tells": r"\btells?\b(?!-)",
    "says so": r"\b(says|say) so\b",
    "nonsense": r"\bnonsense\b",
    "somebody": r"\bsomebody\b",
    "nobody": r"\bnobody\b",
    "Who": r"[.;:] Who [a-z]+s\b",
    "What": rf"{BEGINS}(What|Who|Why|How) (?!to\b)[a-z]+(?! if)[^?]*$",
    "that which": r"\bthat which\b",
    "anybody": r"\b(any|every)body\b",
    "whatever": r"\bwhatever\b",
    "once more": r"\bonce more\b",
    "for ever": r"\bfor ever\b",
    "at all": r"\b(not?|none|nothing|never)( \w+){0,3} at all\b",
    "so to speak": r"\b(so to speak|the like|as good as|in vain|in peace|at hand)\b",
    "accord": r"\bof (its|their) own accord\b",
    "hang up": r"\bh(a|u)ng(s|ing)? up on\b",
    "lest": r"\b(lest|whence|hence|upon|amid|forthwith|shall|likewise|there(by|in|of))\b",
    "lately": r"\blately\b",
    "said": r"\b(said|hears?|heard)\b",
    "but": r"\b((nothing|none) but|but for)\b",
    "so many": r"\bso (many|long|much)\b",
    "dear": r"\b(dear(er|ly)?|strangers?)\b",
    "quick": r"\bquick(er|est)?\b",
    "go on": r"\b(go(es)?|went|going) on\b",
    "put off": r"\bput(s|ting)? off\b",
    "of what": r"\b(of|from|with|by|to|at|on|than) what\b",
    "seldom": r"\b(seldom|beforehand|ought|afresh|rubbish|naught)\b",
    "act": r"\b(one|same|an|single) act\b",
    "matter": r"\b(a|an|the|one|each|open|payment|this) matters?\b",
    "stand-in": r"\bstand-?ins?\b",
    "so": r"\bstays? so\b",
    "at set times": r"\b(at set times|all is well|as in the beginning)\b",
    "one's": r"\bone's (own|self)\b",
    "in a rush": r"\bin a rush\b",
    "where": r"\b(none|false|true|empty|nothing|with 1) where\b(?! the parcels)",
    "lone": r"\blone\b(?! surrogate)",
    "under way": r"\bunder way\b",
    "nowhere": r"\bnowhere\b",
    "very": r"\b(the|this|these|those) very (?!few|fast|large|long|many|old|short|slow|small)",
    "now and then": r"\b(now and then|again and again|all the same|long since|in sight)\b",
    "to the last": r"\bto the (last (bit|byte|cent|check|detail|digit|row)|unit)\b",
    "keep back": r"\b(keeps?|kept|keeping) back\b",
    "opinion": r"\b(has|have|had) (no|an) opinion\b",
    "as nearly": r"\bas nearly (all|always|every)\b",
    "good order": r"\bin good order\b",
    "take part": r"\btak(es?|ing) part in\b",
    "strike off": r"\b(str(ikes?|uck) off|br(oke|oken|eaks?) off)\b",
    "lend": r"\b(lends?|lent)\b",
    "contestant": r"\bcontestants?\b",
    "what is": r"\bwhat (is|was) (asked|due|left|missing|needed|new|sent|shown|there|wanted)\b",
}
EXACT = {"Who", "What"}
PATTERNS = {word: re.compile(text, 0 if word in EXACT else re.I) for word, text in WORDS.items()}
"""A sentence names its subject; see the rule in CONTRIBUTING.md."""

# Folders whose text is still to be rewritten. An idle entry must go.
LATER: set[str] = set()
# Names in backquotes and public names stay. "There is no x" and "is no longer" do not stand for
# "is not a valid x".
FINE = re.compile(
    r"`[^`\n]*`|^## stand-in|books\.mended|\bthere is no\b|\bis no (longer|more)\b|\bsold out\b",
    re.I,
)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment, docstring and sentence of a file."""
    source = path.read_text(encoding="utf-8")
    if not may_have_refused_word(source):
        return
    if path.suffix == ".py":
        yield from _python(source)
    elif path.suffix in (".js", ".mjs"):
        yield from _javascript(source)
    else:
        yield from enumerate(source.splitlines(), 1)


def _python(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        # A single lower-case word is a name: a key, a field, an outcome.
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (" " in node.value.strip() or node.value[:1].isupper())
        ):
            yield node.lineno, node.value
    yield from suspect_comments(source)


def suspect_comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each comment; none if no refused word is after a `#`.

    Most files have no such word there, and to take a file apart into tokens needs much time.
    """
    after = "\n".join(line[line.index("#") :] for line in source.splitlines() if "#" in line)
    if not may_have_refused_word(after):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


# Comments, strings, and the text between two tags of a template.
_SCRIPT = re.compile(
    r"""/\*.*?\*/|(?<![:"'`\w])//[^\n]*|"[^"\n]*"|'[^'\n]*'|>[^<>{}$`;=()"']+(?=[<$])""", re.S
)


def _javascript(source: str) -> Iterator[tuple[int, str]]:
    for match in _SCRIPT.finditer(source):
        if " " in match.group().strip():
            yield source.count("\n", 0, match.start()) + 1, match.group()


# Lower-case text and one common start of all alternatives: a fifth of the time of `(?i)a|b|c`.
_START = r"\b"
_LOWER = re.compile(
    _START
    + "(?:"
    + "|".join(text.removeprefix(_START) for word, text in WORDS.items() if word not in EXACT)
    + ")"
)
_EXACT = re.compile(r"[.;:] Who |(?:^|[\"'>#/*])\s*(?:What|Who|Why|How) ", re.M)


def may_have_refused_word(text: str) -> bool:
    """Whether a text, or a part of a source, may have a refused word. True for each that has."""
    return _LOWER.search(text.lower()) is not None or _EXACT.search(text) is not None


def refused_words(text: str) -> Iterator[str]:
    """Yield each refused word of a text, by its name in WORDS."""
    if may_have_refused_word(text):
        sentence = FINE.sub("", text)
        yield from (word for word, pattern in PATTERNS.items() if pattern.search(sentence))


def files() -> list[Path]:
    """Return the files of the program and the pages of the documentation."""
    source = [
        path
        for path in (ROOT / "src").rglob("*")
        if path.suffix in (".py", ".js", ".html") and "vendor" not in path.parts
    ]
    pages = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return sorted([*source, *(ROOT / "docs").rglob("*.md"), *pages])


def test_no_text_has_a_refused_word() -> None:
    complaints, used = [], set()
    for path in files():
        name = str(path.relative_to(ROOT))
        later = next((place for place in LATER if f"{name}/".startswith(f"{place}/")), None)
        for line, text in texts(path):
            for word in refused_words(text):
                if later is None:
                    complaints.append(f"{name}:{line}: {word}: {' '.join(text.split())[:80]}")
                else:
                    used.add(later)
    assert not complaints, "\n".join(complaints)
    assert used == LATER, f"written in plain English, so take off LATER: {LATER - used}"


def prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each docstring and comment; other strings may be data."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str(text))):
                yield node.lineno, text
    yield from suspect_comments(source)


def test_no_docstring_or_comment_of_tests_and_tools_has_a_refused_word() -> None:
    complaints = [
        f"{path.relative_to(ROOT)}:{line}: {word}: {' '.join(text.split())[:80]}"
        for folder in ("tests", "bench", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for source in [path.read_text(encoding="utf-8")]
        if may_have_refused_word(source)
        for line, text in prose(source)
        for word in refused_words(text)
    ]
    assert not complaints, "\n".join(complaints)


NAME = re.compile(r"^\s*(?:async )?def test_(\w+)", re.M)
PRONOUN = re.compile(r"(who|whom|whose|what)\b|.*\b(says?|knows?|learns?|wants?|hangs?)\b")
"""A name begins with its subject; a program states, has or needs something."""


def test_no_name_of_a_test_has_a_refused_word() -> None:
    complaints = [
        f"{path.relative_to(ROOT)}: test_{name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in NAME.findall(path.read_text(encoding="utf-8"))
        for text in [name.replace("_", " ")]
        if PRONOUN.match(text) or any(refused_words(text))
    ]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Whoever calls waits.", "whoever"),
        ("It is read anew.", "anew"),
        ("The run mended it.", "mend"),
        ("Another server wrote meanwhile.", "meanwhile"),
        ("A unit is put aside.", "put aside"),
        ("Put it aside?", "put aside"),
        ("As the caller wishes.", "wish"),
        ("A body besides the head.", "besides"),
        ("This is no URL.", "is no"),
        ("A read for who waits.", "for who"),
        ("The owner is told.", "told"),
        ("It tells the page.", "tells"),
        ("A closed store says so.", "says so"),
        ("It refuses nonsense.", "nonsense"),
        ("Somebody has it.", "somebody"),
        ("Nobody waits.", "nobody"),
        ("It ends. Who waits sees it.", "Who"),
        ("What the store has.", "What"),
        ("# Why it waits.", "What"),
        ("How many rows it has.", "What"),
        ("It has that which fits.", "that which"),
        ("Anybody may read.", "anybody"),
        ("It works whatever comes.", "whatever"),
        ("It tries once more.", "once more"),
        ("It waits for ever.", "for ever"),
        ("No rows are read at all.", "at all"),
        ("It is as good as done.", "so to speak"),
        ("It ends of its own accord.", "accord"),
        ("It is hung up on.", "hang up"),
        ("Upon a start it waits.", "lest"),
        ("It was slow lately.", "lately"),
        ("It is said to work.", "said"),
        ("It reads nothing but rows.", "but"),
        ("So many may wait.", "so many"),
        ("A stranger calls.", "dear"),
        ("A quick disk.", "quick"),
        ("The service goes on.", "go on"),
        ("The batch is put off.", "put off"),
        ("None where there are no rows.", "where"),
        ("It exits with 1 where a job fails.", "where"),
        ("A list of what was sold.", "of what"),
        ("It is seldom read.", "seldom"),
        ("Units move in one act.", "act"),
        ("This is a matter for the owner.", "matter"),
        ("A stand-in for Stripe.", "stand-in"),
        ("The file stays so.", "so"),
        ("Jobs at set times.", "at set times"),
        ("A change of one's own account.", "one's"),
        ("In a rush, a network waits.", "in a rush"),
        ("A lone client waits.", "lone"),
        ("A run is under way.", "under way"),
        ("The address leads nowhere.", "nowhere"),
        ("It has this very id.", "very"),
        ("It fails now and then.", "now and then"),
        ("The sums are equal to the last cent.", "to the last"),
        ("It keeps back some units.", "keep back"),
        ("A rule has no opinion.", "opinion"),
        ("It is short, as nearly always.", "as nearly"),
        ("It ends in good order.", "good order"),
        ("It takes part in nothing.", "take part"),
        ("The request broke off.", "strike off"),
        ("A pool lends a page.", "lend"),
        ("Each contestant runs once.", "contestant"),
        ("It sends what is due.", "what is"),
    ],
)
def test_a_refused_word_is_found(text: str, word: str) -> None:
    assert list(refused_words(text)) == [word]
    assert may_have_refused_word(f'x = 1\n"""{text}"""\n')  # a file with this text is read


def test_each_pattern_in_lower_case_begins_a_word() -> None:
    for word, text in WORDS.items():
        assert word in EXACT or (text.startswith(_START) and text == text.lower()), word


def test_other_words_are_not() -> None:
    for text in (
        "The event `books.mended`",
        "There is no key.",
        "It is no longer on sale.",
        "What is held?",
        "How to add a rule",
    ):
        assert not list(refused_words(text)), text


def test_the_prose_of_a_test_has_no_data() -> None:
    source = 'def f() -> str:\n    """A line."""\n    return "told"  # a wish\n"""A value."""\n'
    assert sorted(prose(source)) == [(2, "A line."), (3, "# a wish"), (4, "A value.")]


def test_text_is_read_from_comments_docstrings_and_strings_but_not_from_names() -> None:
    source = 'def told() -> str:\n    """It tells."""\n    mended = {"told": 1}  # anew\n'
    assert sorted(_python(source)) == [(2, "It tells."), (3, "# anew")]
    script = 'const told = 1; // anew\nx("is no way", html`<p>told twice</p>`); /* nobody */'
    assert [text.strip("> ") for _, text in _javascript(script)] == [
        "// anew",
        '"is no way"',
        "told twice",
        "/* nobody */",
    ]
