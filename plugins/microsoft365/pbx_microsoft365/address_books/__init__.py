"""The kinds of address books, each with its finder: what books there are, and a direct look at one of them.

`pbx_microsoft365.source` asks every finder; failures are contained here, so that what one mailbox says leaves the
others alone. The walk through a mailbox is in `pbx_microsoft365.folders`.
"""
