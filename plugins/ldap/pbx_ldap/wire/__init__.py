"""LDAP (RFC 4511) as far as a source needs it: bind, StartTLS, search and its controls; see docs/adr for why it is
ours.

Knows nothing of phone books. `connection` owns the socket, `messages` writes requests and reads answers, `filters`
reads the text form of a filter, `entries` is the loop that reads entries fast; the encoding below all of them is the
api's `ber`.
"""
