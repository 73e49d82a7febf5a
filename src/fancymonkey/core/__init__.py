"""The rules of the inventory. Pure: no clock, no chance, no I/O; nothing but the standard library.

`model` rows, `ledger` the only arithmetic, `state` what a batch sees, `outcomes` what it answers;
`reserve`, `resolve`, `adjust`, `catalogue`, `payment`, `record` the rules; `execute` runs them.
"""
