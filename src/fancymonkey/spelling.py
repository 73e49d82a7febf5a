"""The number of letters by which two names differ."""


def edit_distance(left: str, other: str, most: int = 3) -> int:
    """The number of letters to add, drop, replace or swap (optimal string alignment).

    Names whose lengths differ by more than `most` have the distance `most + 1`.
    """
    if abs(len(left) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and left[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
