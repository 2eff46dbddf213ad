"""The wire: what goes to Microsoft Graph and what comes back, up to JSON objects and no further.

`client` is what the rest of the plugin asks; below it `batch` asks many things at once, `retries` knows when to ask
again, `answers` the strict reader of JSON, `transport` one bounded HTTP exchange, `sign_in` the tokens.
"""
