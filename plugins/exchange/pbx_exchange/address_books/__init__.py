"""The three kinds of address books, each a shelf: what books it holds, and a direct look at one of them.

`pbx_exchange.source` asks every shelf; failures are contained here, so that what one mailbox or one folder says leaves
the others alone. The walks are in `pbx_exchange.folders`.
"""
