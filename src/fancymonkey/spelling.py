"""The number of letters by which two names differ."""


def edit_distance(left: str, other: str, most: int = 3) -> int:
    """The number of letters to add, drop, replace or swap (optimal string alignment).

    Names that differ by more than `most` have the distance `most + 1`: only the cells of the table
    near its diagonal are computed (Ukkonen 1985), and only as long as a row has a small one.
    """
    far = most + 1
    if abs(len(left) - len(other)) > most or len(set(left) ^ set(other)) > 2 * most:
        return far  # one change adds or removes at most two kinds of letters
    before: list[int] = []
    row = [min(j, far) for j in range(len(other) + 1)]
    for i, letter in enumerate(left, start=1):
        older, before, row = before, row, [far] * (len(other) + 1)
        first = max(1, i - most)
        row[first - 1] = min(i, far) if first == 1 else far
        nearest = row[first - 1]
        for j in range(first, min(len(other), i + most) + 1):
            wanted = other[j - 1]
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted), far)
            if i > 1 and j > 1 and letter == other[j - 2] and left[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row[j] = cost
            nearest = min(nearest, cost)
        if nearest == far:
            return far
    return row[-1]
