"""The wire: what goes to an Exchange server and what comes back, up to XML elements and no further.

`endpoint` holds sessions and retries, `adapter` one bounded HTTP exchange, `xml_parser` the strict parser, `services`
the five requests. Next in the flow: `pbx_exchange.rows` makes rows of the elements, `pbx_exchange.folders` books.
"""
