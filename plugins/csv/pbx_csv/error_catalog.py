"""What is said about each kind of failure: a code that is never reused, what happened, and what to do about it.

docs/problems.md lists them all, docs/csv.md what each does to a run.
"""

from __future__ import annotations

from pbx_connector.api import AuthenticationFailed, ErrorText, ProtocolViolation, SourceUnavailable

_U, _A, _P = SourceUnavailable, AuthenticationFailed, ProtocolViolation

# The file

MISSING = ErrorText(
    _U, "C0101", "the file is not there", "check path and name in file:, and whether the disk is mounted"
)
UNREADABLE = ErrorText(_U, "C0102", "it cannot be read: {0}", "check its rights and kind")
NO_FILES = ErrorText(
    _U, "C0103", "no file in the folder matches {0}", "check folder: and pattern:, and whether the disk is mounted"
)
EMPTY = ErrorText(_U, "C0104", "the file is empty", "look at the program that writes it; it may have failed")
NO_LINES = ErrorText(
    _U,
    "C0105",
    "there is no contact below the header",
    "look at the program that writes it; if it is right, say empty: true",
)
CUT = ErrorText(
    _U,
    "C0106",
    "line {0} lacks its end, so the file may be cut short",
    "look at the program that writes it; if it never ends the last line, say last_line: open",
)
WRITING = ErrorText(
    _U, "C0107", "the file is being written", "the next run reads it; settle: says how long it must rest"
)
CHANGED = ErrorText(_U, "C0108", "the file changed while it was read", "the next run reads it anew")
TOO_LARGE = ErrorText(_U, "C0109", "it is larger than {0} GB", "largest: allows more")
BAD_ZIP = ErrorText(
    _P, "C0110", "the zip file is damaged or cut short: {0}", "make it anew; encrypted ones cannot be read"
)
NOT_ONE_MEMBER = ErrorText(
    _P, "C0111", "the zip file has {0} files that match, and one is read", "say which one: member: NAME"
)
WORKBOOK = ErrorText(_P, "C0112", "this is a workbook, not CSV", "save it as CSV UTF-8 in the spreadsheet program")
BINARY = ErrorText(
    _P, "C0113", "line {0} has NUL characters, so this is no text", "check that it is CSV, and encoding:"
)

NO_TABLE = ErrorText(_P, "C0114", "this is {0}, not CSV", "check where file: or url: leads, or export it as CSV")

# The text

WRONG_ENCODING = ErrorText(
    _P,
    "C0201",
    "line {0} is no {1}",
    "correct encoding:, or leave it out to have it detected; test-connection shows it",
)
GUESSED = ErrorText(
    _P, "C0202", "the encoding is a guess: {0}", "see whether names look right, then say it with encoding:"
)
NO_GUESS = ErrorText(_P, "C0203", "the encoding cannot be detected", "say it, such as encoding: windows-1252")
LONG_LINE = ErrorText(_P, "C0204", "line {0} is longer than a megabyte", "check that it is CSV, and line_end:")
OPEN_QUOTE = ErrorText(
    _P, "C0205", "line {0} opens a quote that is not closed", "correct that line; quote: none if quotes are plain text"
)
STRAY_QUOTE = ErrorText(
    _P,
    "C0206",
    "between line {0} and line {1} text follows a closing quote",
    "double quotes within values; quote: none if quotes are plain text",
)
NOT_CSV = ErrorText(_P, "C0207", "line {0} cannot be split into columns: {1}", "check line_end:, delimiter: and quote:")

# Columns and lines

NO_COLUMN = ErrorText(
    _P,
    "C0301",
    "there is no column {0}; there are {1}",
    "correct the name in the profile, or the file's header; skip_lines: passes over lines above the header",
)
TWO_COLUMNS = ErrorText(
    _P,
    "C0302",
    "several columns are called {0}",
    "rename them, or write a number behind the name in the profile, such as Phone 1, Phone 2",
)
NO_PRIVACY = ErrorText(
    _P,
    "C0303",
    "account: makes rows private, and the structure does not say whose they are",
    'write 011acc_id: "{{local_id}}" into the structure',
)
NO_HEADER = ErrorText(
    _P,
    "C0304",
    "the first line has a telephone number or an e-mail address in it, so it is no header",
    "header: false if there is none, then columns are Column 1, Column 2; skip_lines: if it stands further below",
)
LONG_ROW = ErrorText(
    _P,
    "C0311",
    "line {0} has {1} values, the header {2} columns",
    "put the value with a separator in it in quotes; if all lines end in separators, say long_lines: blank",
)
SHORT_ROW = ErrorText(
    _P,
    "C0312",
    "line {0} has {1} values, the header {2} columns",
    "complete it; if lines leave out blank values at their end, say short_lines: blank",
)
NO_KEY = ErrorText(_P, "C0313", "line {0} has no value in the key", "fill it in, or choose other columns for key:")
TWICE = ErrorText(
    _P, "C0314", "line {0} has the key of line {1}, and other values", "correct the key, or add a column to key:"
)
NO_ACCOUNT = ErrorText(
    _P,
    "C0315",
    "line {0} belongs to an account that the phone system does not have",
    "correct it, or add the account: accounts import",
)

SHORTENED = ErrorText(
    _P,
    "C0316",
    "line {0} has a number that a spreadsheet has shortened, as in 4.98912E+11",
    "format the column as text in the spreadsheet, type the numbers again, and save it anew",
)

# The server

UNREACHABLE = ErrorText(_U, "C0401", "the server is unreachable ({0})", "check url:, the network and the firewall")
UNTRUSTED = ErrorText(
    _U,
    "C0402",
    "the server's certificate is not trusted",
    "name its authority with ca_file:, or correct the host in url:",
)
TIMED_OUT = ErrorText(
    _U, "C0403", "the server did not answer in time", "try again later; timeout: allows it more seconds"
)
BROKEN_OFF = ErrorText(_U, "C0404", "the connection broke off before the end", "the next run reads it anew")
BAD_STATUS = ErrorText(_U, "C0405", "the server answers HTTP {0}", "check url:, or try again later")
REFUSED = ErrorText(_A, "C0406", "the server refuses access (HTTP {0})", "check username: and password:, or token:")
REDIRECTED = ErrorText(_U, "C0407", "the server sends us to another address", "put the address of the file into url:")
WEB_PAGE = ErrorText(_P, "C0408", "the server answers with a web page", "check url:; it may be the page of a log-in")
BAD_CA = ErrorText(
    _A, "C0409", "{0} cannot be read, or holds no certificate", "check path and rights, and that it is PEM"
)
SLOW = ErrorText(_U, "C0410", "the server sends less than {0} bytes a second", "try again later")
