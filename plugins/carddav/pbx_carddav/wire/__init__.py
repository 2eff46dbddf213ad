"""WebDAV with CardDAV (RFC 4918, 6352, 6578) as this plugin needs it: requests that only read, over HTTP.

Every answer is bounded in time and memory, a password goes to known hosts only, and what is no whole answer is an
exception, never a shorter list.
"""
