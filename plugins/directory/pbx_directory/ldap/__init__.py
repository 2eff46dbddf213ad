"""LDAP (RFC 4511) as telephones speak it: bind, search, compare, StartTLS; see docs/adr for why it is ours.

`messages` reads requests and `answers` writes what goes back; `conditions` makes a filter a question to the phone
book, `entries` makes its entries LDAP's, `tree` knows where they stand; `session` is one client's conversation, without
any network in it, and `server` the network.
"""
