"""What is said about each kind of failure: a code that is never reused, what happened, and what to do about it.

`pbx_exchange.error_mapping` finds the words for a failure of somebody else's; what this plugin finds itself names them.
docs/problems.md lists them all.
"""

from __future__ import annotations

from pbx_connector.api import AuthenticationFailed, ErrorText, ProtocolViolation, SourceUnavailable

_U, _A, _P = SourceUnavailable, AuthenticationFailed, ProtocolViolation

UNKNOWN_HOST = ErrorText(_U, "X0101", "the host name is not known", "check url:, and the name service of this machine")
REFUSED = ErrorText(_U, "X0102", "the server refuses the connection", "check host and port in url:, and the firewall")
UNTRUSTED = ErrorText(
    _U,
    "X0103",
    "the server's certificate is not trusted",
    "name its authority with ca_file:, or correct the host in url:",
)
TIMED_OUT = ErrorText(
    _U, "X0104", "the server did not answer in time", "try again later; timeout: allows it more seconds"
)
BROKEN_OFF = ErrorText(
    _U, "X0105", "the connection broke off", "try again later; if it persists, look at proxies in between"
)
NO_PROXY = ErrorText(
    _U,
    "X0106",
    "the proxy does not let us through",
    "check proxy:, its proxy_username: and proxy_password: if it wants them, and what it permits",
)
NO_AUTODISCOVER = ErrorText(
    _U,
    "X0107",
    "autodiscover found no Exchange server",
    "say where it is: url: https://…/ews/exchange.asmx; for Microsoft 365 give oauth: instead",
)
REDIRECTED = ErrorText(
    _U, "X0108", "the server sends us to another address", "put the address of the web services into url:"
)
NO_TLS = ErrorText(
    _U, "X0110", "no protected connection can be agreed on", "check port and scheme of url:, and the TLS version"
)
UNVERIFIED = ErrorText(
    _U,
    "X0111",
    "the certificate is not checked: anybody in between can read along",
    "use ca_file: instead of verify: false",
)
EXPIRES_SOON = ErrorText(_U, "X0112", "the server's certificate expires within two weeks", "have it renewed")
OPEN_PROXY = ErrorText(
    _U,
    "X0114",
    "the password for the proxy travels in clear text: anybody on the way there can read it",
    "give the proxy as https://… if it can be, or have it let this machine through without a password",
)
UNREADABLE = ErrorText(
    _A, "X0113", "{name} cannot be read, or holds no certificate", "check path and rights, and that the file is PEM"
)
NETWORK = ErrorText(_U, "X0109", "the network failed", "check the connection of this machine, then try again")

WRONG_PASSWORD = ErrorText(
    _A,
    "X0201",
    "the server does not accept user name and password",
    "check email:, username:, domain: and the password",
)
FORBIDDEN = ErrorText(
    _A, "X0202", "the server forbids access (HTTP 403)", "allow the service user to use Exchange Web Services"
)
BLOCKED = ErrorText(
    _A,
    "X0203",
    "Exchange Online blocks Exchange Web Services for this tenant",
    "set EWSEnabled and put the app's client id on EwsAllowedAppIDs; from 2027-04-01 only Microsoft Graph remains",
)
LOCKED = ErrorText(
    _A, "X0204", "the service user's account is disabled, locked or expired", "have the account looked at"
)
NO_KERBEROS = ErrorText(
    _A,
    "X0205",
    "Kerberos is not installed",
    "apt install gcc python3-dev libkrb5-dev and pip install 'pbx-connector-exchange[kerberos]', or use auth: ntlm",
)
NO_WAY_IN = ErrorText(
    _A,
    "X0206",
    "the server offers no way to log in that we can use",
    "for Microsoft 365 give oauth: {tenant: …, client_id: …, client_secret: …}; for Kerberos auth: kerberos",
)
NOT_OFFERED = ErrorText(
    _A,
    "X0230",
    "the server does not offer {name}",
    "auth: auto takes what the server offers; or have that way enabled for Exchange Web Services",
)
UNPROTECTED = ErrorText(
    _A, "X0207", "what proves who we are would travel over an open network", "use https:// in url: and in authority:"
)
SECRET_EXPIRED = ErrorText(_A, "X0210", "the client secret has expired", "make a new one in Entra and store it")
SECRET_WRONG = ErrorText(
    _A, "X0211", "the client secret is wrong", "store the secret's value (not its id), without quotes"
)
CERTIFICATE_WRONG = ErrorText(
    _A, "X0212", "the certificate is not the app's, or not valid now", "upload it to the app registration in Entra"
)
CERTIFICATE_EXPIRED = ErrorText(
    _A, "X0227", "the app's certificate has expired", "make a new one, upload it in Entra, and put it into certificate:"
)
LOCKED_KEY = ErrorText(
    _A,
    "X0229",
    "the private key in {name} is encrypted",
    "give what it was encrypted with as passphrase: {keyring: …}",
)
NO_SUCH_APP = ErrorText(_A, "X0213", "the tenant knows no app of this client id", "check tenant: and client_id:")
NO_SUCH_TENANT = ErrorText(_A, "X0214", "there is no such tenant", "check tenant:, and cloud: for national clouds")
NO_CONSENT = ErrorText(
    _A, "X0215", "nobody has consented to the app's permissions", "grant admin consent to full_access_as_app in Entra"
)
NO_TOKEN = ErrorText(_A, "X0216", "the sign-in service gives no token ({name})", "check oauth:, and the app in Entra")
TOKEN_REFUSED = ErrorText(
    _A,
    "X0217",
    "the server does not accept the token",
    "the app needs the application permission full_access_as_app of Exchange, with admin consent",
)
SIGN_IN_AWAY = ErrorText(
    _U,
    "X0228",
    "the sign-in service cannot be asked ({name})",
    "this machine must reach it, too (login.microsoftonline.com): check firewall, proxy: and ca_file:",
)
ENDING = ErrorText(
    _A,
    "X0218",
    "Exchange Online switches Exchange Web Services off on 2027-04-01",
    "plan the move of this profile to Microsoft Graph",
)
NO_TICKET = ErrorText(
    _A,
    "X0219",
    "there is no Kerberos ticket",
    "run kinit as the user who runs pbx-connector, or name a keytab in KRB5_CLIENT_KTNAME",
)
TICKET_EXPIRED = ErrorText(
    _A,
    "X0220",
    "the Kerberos ticket has expired",
    "run kinit again, or name a keytab in KRB5_CLIENT_KTNAME, by which tickets are renewed",
)
NO_SUCH_SERVICE = ErrorText(
    _A,
    "X0221",
    "Kerberos knows no web service on this host",
    "put the host into url: that the server is registered under (setspn HTTP/host), no alias or IP address",
)
NO_KDC = ErrorText(
    _U,
    "X0222",
    "no Kerberos server (KDC) can be asked",
    "check default_realm and [realms] in krb5.conf, the name service and the firewall",
)
CLOCK = ErrorText(
    _A, "X0223", "Kerberos finds the clocks too far apart", "have this machine's clock set by the domain's"
)
BAD_KEYTAB = ErrorText(
    _A, "X0224", "Kerberos does not accept the keytab", "make a new one: the account's password or name has changed"
)
NO_KERBEROS_TICKET = ErrorText(_A, "X0225", "no ticket for the server ({name})", "see what kinit and klist say")
TICKET_REFUSED = ErrorText(
    _A,
    "X0226",
    "the server does not accept the Kerberos ticket",
    "it must offer Negotiate for Exchange Web Services, own the name HTTP/host (setspn), and know the ticket's user",
)
IMPERSONATION = ErrorText(
    _A,
    "X0301",
    "the service user may not act for this mailbox",
    "grant it the role ApplicationImpersonation (Exchange Online: full_access_as_app)",
)
NO_MAILBOX = ErrorText(
    _U,
    "X0302",
    "there is no mailbox of this name",
    "check e-mail address and user name; an account that has none is named in personal: {skip_accounts: […]}",
)
NO_LICENCE = ErrorText(_U, "X0303", "the mailbox has no licence or is not enabled", "give the user an Exchange licence")
AWAY = ErrorText(
    _U, "X0304", "the mailbox cannot be reached at the moment", "try again later; it may be moving to another server"
)
DENIED = ErrorText(_A, "X0305", "the service user may not read this", "give it the right to read the folder")
NOT_THERE = ErrorText(_U, "X0306", "the folder or item is no longer there", "the next run looks again")
NO_REPLICA = ErrorText(
    _U,
    "X0307",
    "the content of this public folder is in another mailbox",
    "say which one lists the public folders: public: {mailbox: …} (Get-Mailbox -PublicFolder), or leave out url:",
)
FOLDER_LEFT = ErrorText(_U, "X0308", "the folder vanished while it was read", "the next run looks for it again")
OUT_OF_SIGHT = ErrorText(_U, "X0309", "the address book cannot be seen now", "the next run looks for it again")
WRONG_OWNER = ErrorText(
    _P,
    "X0310",
    "the server shows the service user's own contacts in place of the owner's",
    "check the owner's address; Exchange knows it under another name",
)
STILL_THERE = ErrorText(
    _P,
    "X0311",
    "the server tells of a deletion, yet the contact is still there; its entry stays",
    "the next run asks again",
)
ALIAS = ErrorText(
    _U, "X0312", "the mailbox has another primary address than this one", "give the primary e-mail address instead"
)
TOO_DEEP = ErrorText(
    _P,
    "X0313",
    "the folders lie deeper than Exchange allows",
    "exclude this folder, or have the public folders looked at: 300 levels are possible",
)

FAILING_INSIDE = ErrorText(
    _U, "X0402", "the server is failing", "try again later; if it persists, look at the server's logs"
)
TOO_BUSY = ErrorText(_U, "X0401", "the server is too busy", "try again later, or ask for fewer connections:")

CUT = ErrorText(
    _P, "X0501", "the server's answer is cut short, damaged or no Exchange answer", "check url:; try again later"
)
NOT_EWS = ErrorText(
    _P,
    "X0502",
    "this address answers, but not as Exchange Web Services do",
    "url: ends in /ews/exchange.asmx as a rule",
)
TOO_OLD = ErrorText(
    _P, "X0503", "the server speaks none of our protocol versions", "Exchange 2010 SP1 or later is needed"
)
UNEXPECTED = ErrorText(_P, "X0504", "the server reports {name}", "try again; if it persists, report it with this name")
TOO_LARGE = ErrorText(
    _P,
    "X0505",
    "the server's answer is too large",
    "exclude the folder, or use fewer fields; memory: allows more",
)
ENDLESS = ErrorText(
    _P,
    "X0506",
    "the server tells a list that does not end",
    "exclude the folder, or have the server and what stands before it looked at",
)
NAMELESS = ErrorText(
    _U,
    "X0601",
    "the account has no e-mail address or user name to find its mailbox by",
    "add them to the account, or name it in personal: {skip_accounts: […]}",
)
NO_SUCH_FOLDER = ErrorText(
    _U,
    "X0603",
    "no folder with contacts matches this pattern",
    "correct the path: it begins at the top, as in /Sales/Customers, or with */ for any level",
)
UNSENDABLE = ErrorText(
    _P,
    "X0602",
    "a host name, address or user name cannot be sent as it is written",
    "look for missing or odd characters in the settings and in the accounts",
)
