"""The rules of the inventory. Pure: no clock, no random numbers, no I/O, only the standard library.

The files here are shared: rows (`model`, `rows`), commands and answers (`command`, `outcomes`),
what a batch sees (`state`), the only arithmetic (`ledger`), the runner of commands (`execute`),
the proof of a ledger (`verify`). Each folder is a feature: `stock`, `holds`, `catalogue`,
`payments`, `changes`, `documents`.
"""
