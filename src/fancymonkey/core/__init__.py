"""The rules of the inventory. Pure: no clock, no chance, no I/O; nothing but the standard library.

`model` rows, `ledger` the only arithmetic, `state` what a batch sees, `outcomes` what it answers,
`holds` what several rules do with a hold;
`reserve`, `resolve`, `adjust`, `catalogue`, `record`, `bulk` the rules; `execute` runs them,
`verify` proves what they left.
"""
