"""The wire: what goes to an Exchange server and what comes back, up to XML elements and no further.

`endpoint` holds sessions and patience, `adapter` one bounded HTTP exchange, `answer` the strict parser, `services` the
five requests. Next in the flow: `pbx_exchange.rows` makes rows of the elements, `pbx_exchange.folders` books.
"""
