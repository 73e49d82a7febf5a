"""The rules of the inventory. Pure: no clock, no random numbers, no I/O, only the standard library.

`model` has the rows, `ledger` the only arithmetic, `state` what a batch reads and changes,
`outcomes` the answers, `command` the base of commands. Each folder is a feature: it exports `ROWS`
and, in its file `rules`, `RULES` and `ANSWERS`. `rows` and `execute` put the features together, and
`verify` proves that the rows match the ledger.
"""
