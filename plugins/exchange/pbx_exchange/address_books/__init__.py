"""The three kinds of address books, each with its finder: what books there are, and a direct look at one of them.

`pbx_exchange.source` asks every finder; failures are contained here, so that what one mailbox or one folder says leaves
the others alone. The walks are in `pbx_exchange.folders`.
"""
