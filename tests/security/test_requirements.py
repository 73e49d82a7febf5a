"""The table of security requirements is complete, and names existing tests."""

from tests.security.asvs import PAGE, functions, page, requirements

ROWS_OF_CHAPTERS = {
    "V1": 28, "V2": 11, "V3": 19, "V4": 10, "V5": 9, "V6": 35, "V7": 18, "V8": 7,
    "V9": 7, "V11": 15, "V12": 9, "V13": 13, "V14": 9, "V15": 13, "V16": 16,
}  # fmt: skip


def test_every_row_is_there_once() -> None:
    ids = [row.id for row in requirements()]
    assert len(ids) == len(set(ids))
    counts: dict[str, int] = {}
    for id_ in ids:
        chapter = id_.partition(".")[0]
        counts[chapter] = counts.get(chapter, 0) + 1
    assert counts == ROWS_OF_CHAPTERS


def test_every_row_has_a_test_that_exists_or_a_reason() -> None:
    missing = [
        (row.id, file, name)
        for row in requirements()
        for file, name in row.tests
        if name not in functions(file)
    ]
    assert not missing
    assert all(row.tests or len(row.reason) > 8 for row in requirements())


def test_tests_named_in_a_reason_exist() -> None:
    for row in requirements():
        for word in row.reason.split("`")[1::2]:
            file, _, name = word.partition("::")
            assert name in functions(file), (row.id, word)


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/security_requirements.py"
