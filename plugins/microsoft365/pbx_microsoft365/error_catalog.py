"""What is said about each kind of failure: a code that is never reused, what happened, and what to do about it.

`pbx_microsoft365.error_mapping` finds the words for a failure of somebody else's; what this plugin finds itself names
them. docs/problems.md lists them all.
"""

from __future__ import annotations

from pbx_connector.api import AuthenticationFailed, ErrorText, ProtocolViolation, SourceUnavailable

_U, _A, _P = SourceUnavailable, AuthenticationFailed, ProtocolViolation

UNKNOWN_HOST = ErrorText(
    _U, "G0101", "the host name is not known", "check url: and authority:, and the name service of this machine"
)
REFUSED = ErrorText(
    _U, "G0102", "the server refuses the connection", "check the firewall, and host and port in url: if it is given"
)
UNTRUSTED = ErrorText(
    _U,
    "G0103",
    "the server's certificate is not trusted",
    "name its authority with ca_file:, as for a proxy that opens connections, or correct the host in url:",
)
TIMED_OUT = ErrorText(
    _U, "G0104", "the server did not answer in time", "try again later; timeout: allows it more seconds"
)
BROKEN_OFF = ErrorText(
    _U, "G0105", "the connection broke off", "try again later; if it persists, look at proxies in between"
)
NO_PROXY = ErrorText(
    _U,
    "G0106",
    "the proxy does not let us through",
    "check proxy:, its proxy_username: and proxy_password: if it wants them, and what it permits",
)
REDIRECTED = ErrorText(
    _U, "G0108", "the server sends us to another address", "put the address of Microsoft Graph into url:"
)
NETWORK = ErrorText(_U, "G0109", "the network failed", "check the connection of this machine, then try again")
NO_TLS = ErrorText(
    _U, "G0110", "no protected connection can be agreed on", "check port and scheme of url:, and the TLS version"
)
UNVERIFIED = ErrorText(
    _U,
    "G0111",
    "the certificate is not checked: anybody in between can read along",
    "use ca_file: instead of verify: false",
)
UNREADABLE = ErrorText(
    _A, "G0113", "{name} cannot be read, or holds no certificate", "check path and rights, and that the file is PEM"
)
UNPROTECTED = ErrorText(
    _A, "G0207", "what proves who we are would travel over an open network", "use https:// in url: and in authority:"
)
SECRET_EXPIRED = ErrorText(
    _A,
    "G0210",
    "the client secret has expired",
    "make a new one in Entra: App registrations, the app, Certificates & secrets; and store its value",
)
SECRET_WRONG = ErrorText(
    _A, "G0211", "the client secret is wrong", "store the secret's value (not its id), without quotes"
)
CERTIFICATE_WRONG = ErrorText(
    _A,
    "G0212",
    "the certificate is not the app's, or not valid now",
    "upload it in Entra: App registrations, the app, Certificates & secrets",
)
NO_SUCH_APP = ErrorText(_A, "G0213", "the tenant knows no app of this client id", "check tenant: and client_id:")
NO_SUCH_TENANT = ErrorText(_A, "G0214", "there is no such tenant", "check tenant:, and cloud: for national clouds")
NO_CONSENT = ErrorText(
    _A,
    "G0215",
    "nobody has consented to the app's permissions",
    "grant admin consent in Entra: App registrations, the app, API permissions",
)
NO_TOKEN = ErrorText(
    _A, "G0216", "the sign-in service gives no token ({name})", "check tenant:, client_id: and the app in Entra"
)
TOKEN_REFUSED = ErrorText(
    _A, "G0217", "Microsoft Graph does not accept the token", "check cloud: and url:, which must be of the same cloud"
)
CERTIFICATE_EXPIRED = ErrorText(
    _A, "G0227", "the app's certificate has expired", "make a new one, upload it in Entra, and put it into certificate:"
)
SIGN_IN_UNREACHABLE = ErrorText(
    _U,
    "G0228",
    "the sign-in service is failing ({name})",
    "try again later; if it persists, look at what answers in its place: a proxy, or the host in authority:",
)
LOCKED_KEY = ErrorText(
    _A,
    "G0229",
    "the private key in {name} is encrypted",
    "give what it was encrypted with as passphrase: {keyring: …}",
)

NO_CONTACTS_RIGHT = ErrorText(
    _A,
    "G0301",
    "the app may not read the contacts of this mailbox",
    "give it the application permission Contacts.Read with admin consent (Entra: App registrations, the app, API "
    "permissions), or put the mailbox into the scope of its role",
)
NO_MAILBOX = ErrorText(
    _U,
    "G0302",
    "there is no mailbox of this name",
    "check e-mail address and user name; an account that has none is named in personal: {skip_accounts: […]}",
)
NO_LICENCE = ErrorText(
    _U,
    "G0303",
    "the mailbox is inactive, has no licence, or is on a server of your own",
    "give the user an Exchange Online licence; contacts on your own server are read by source: exchange",
)
UNREACHABLE_MAILBOX = ErrorText(
    _U,
    "G0304",
    "the mailbox cannot be found at the moment",
    "try again later: a new one takes up to 15 minutes; a user who has none is named in personal: {skip_accounts: […]}",
)
NO_DIRECTORY_RIGHT = ErrorText(
    _A,
    "G0305",
    "the app may not read this part of the directory",
    "give it the application permissions User.Read.All, OrgContact.Read.All for org_contacts: and GroupMember.Read.All "
    "for groups:, with admin consent (Entra: App registrations, the app, API permissions)",
)
NOT_THERE = ErrorText(_U, "G0306", "the folder or item is no longer there", "the next run looks again")
POLICY = ErrorText(
    _A,
    "G0307",
    "an access policy of Exchange Online keeps the app from this mailbox",
    "add the mailbox to the policy's scope (Get-ApplicationAccessPolicy); a change takes up to 30 minutes",
)
FOLDER_LEFT = ErrorText(_U, "G0308", "the folder vanished while it was read", "the next run looks for it again")
OUT_OF_SIGHT = ErrorText(_U, "G0309", "the address book cannot be seen now", "the next run looks for it again")
STILL_THERE = ErrorText(
    _P,
    "G0311",
    "the server tells of a deletion, yet the contact is still there; its entry stays",
    "the next run asks again",
)
TOO_DEEP = ErrorText(_P, "G0313", "the folders lie deeper than Exchange allows", "exclude the folder above them")
NO_SUCH_OBJECT = ErrorText(
    _U, "G0314", "the directory has no such user or group", "check e-mail addresses, user names and groups:"
)
TOO_BUSY = ErrorText(
    _U,
    "G0401",
    "Microsoft Graph is too busy",
    "the next run asks again; patience: waits longer, fewer connections: ask for less at a time",
)
FAILING_INSIDE = ErrorText(_U, "G0402", "Microsoft Graph is failing", "try again later; see status.cloud.microsoft")
STATE_EXPIRED = ErrorText(
    _U, "G0403", "the server no longer knows what it told before", "the next run reads the address book in full"
)

CUT = ErrorText(
    _P, "G0501", "the server's answer is cut short, damaged or no answer of Graph", "check url:; try again later"
)
NOT_GRAPH = ErrorText(
    _P, "G0502", "this address answers, but not as Microsoft Graph does", "url: ends in /v1.0 as a rule"
)
UNEXPECTED = ErrorText(_P, "G0504", "the server reports {name}", "try again; if it persists, report it with this name")
TOO_LARGE = ErrorText(
    _P,
    "G0505",
    "the server's answer is too large",
    "exclude the folder, or use fewer fields; memory: allows more",
)
ENDLESS = ErrorText(
    _P,
    "G0506",
    "the server tells a list that does not end",
    "exclude the folder, or have what stands between this machine and the server looked at",
)
FOREIGN_LINK = ErrorText(
    _P,
    "G0507",
    "the server continues its list at another address, where our token does not go",
    "put the address that the server knows itself by into url:",
)
NAMELESS = ErrorText(
    _U,
    "G0601",
    "the account has no e-mail address or user name to find its mailbox by",
    "add them to the account, or name it in personal: {skip_accounts: […]}",
)
UNSENDABLE = ErrorText(
    _P,
    "G0602",
    "a host name, address or user name cannot be sent as it is written",
    "look for missing or odd characters in the settings and in the accounts",
)
NO_SUCH_FOLDER = ErrorText(
    _U,
    "G0603",
    "no folder with contacts matches this pattern",
    "correct the path: it begins at the top, as in /Contacts/Customers, or with */ for any level",
)
