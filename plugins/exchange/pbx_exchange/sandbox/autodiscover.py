"""Autodiscover: from an e-mail address to the address of the web service, in SOAP and in the older plain XML (POX).

Neighbours: web.py (the addresses), authentication.py (who asks).
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pbx_connector.testing.office.entities import Mailbox
from pbx_connector.testing.office.server_state import ServerState
from pbx_exchange.sandbox.authentication import Authenticator
from pbx_exchange.sandbox.exchange import XML
from pbx_exchange.sandbox.soap import SOAP, escape, parse_xml

SOAP_PATH: Final = "/autodiscover/autodiscover.svc"
POX_PATH: Final = "/autodiscover/autodiscover.xml"
_NS: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
_POX: Final = "http://schemas.microsoft.com/exchange/autodiscover"
_SCHEMAS: Final = "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013, "


class Autodiscover:
    """`ews_path` is where the web service is on this server."""

    def __init__(self, state: ServerState, authenticator: Authenticator, ews_path: str) -> None:
        self._state = state
        self._authenticator = authenticator
        self._ews_path = ews_path

    async def serve_soap(self, http: HttpRequest) -> Response:
        data = await http.body()
        caller = self._authenticator.authenticate(http)
        if isinstance(caller, Response):
            return caller
        request = parse_xml(data)
        users = [str(name.text) for name in request.iter(f"{{{_NS}}}Mailbox")]
        wanted = [str(name.text) for name in request.iter(f"{{{_NS}}}Setting")]
        inner = "".join(self._write_user(address, wanted, self._ews_url(http)) for address in users)
        return Response(_wrap(inner), media_type=XML)

    async def serve_pox(self, http: HttpRequest) -> Response:
        data = await http.body()
        caller = self._authenticator.authenticate(http)
        if isinstance(caller, Response):
            return caller
        address = parse_xml(data).findtext(".//{*}EMailAddress", "")
        mailbox = self._state.find_mailbox(address)
        if mailbox is None:
            return Response(_write_pox_error(), media_type=XML)
        return Response(_write_pox(mailbox, self._ews_url(http)), media_type=XML)

    def _ews_url(self, http: HttpRequest) -> str:
        return f"{http.url.scheme}://{http.url.netloc}{self._ews_path}"

    def _write_user(self, address: str, wanted: list[str], url: str) -> str:
        mailbox = self._state.find_mailbox(address)
        if mailbox is None:
            return (
                "<UserResponse><ErrorCode>InvalidUser</ErrorCode>"
                f"<ErrorMessage>The e-mail address {escape(address)} cannot be found.</ErrorMessage></UserResponse>"
            )
        known = _describe(mailbox, url)
        settings = "".join(
            f'<UserSetting i:type="StringSetting"><Name>{name}</Name><Value>{escape(known[name])}</Value></UserSetting>'
            for name in wanted
            if name in known
        )
        return (
            "<UserResponse><ErrorCode>NoError</ErrorCode><ErrorMessage>No error.</ErrorMessage>"
            f'<RedirectTarget i:nil="true"/><UserSettingErrors/><UserSettings>{settings}</UserSettings></UserResponse>'
        )


def _describe(mailbox: Mailbox, url: str) -> dict[str, str]:
    return {
        "UserDisplayName": mailbox.name,
        "AutoDiscoverSMTPAddress": mailbox.email,
        "ExternalEwsUrl": url,
        "InternalEwsUrl": url,
        "EwsSupportedSchemas": f"{_SCHEMAS}Exchange2013_SP1, Exchange2015, Exchange2016",
        "PublicFolderInformation": f"publicfolders@{mailbox.email.partition('@')[2]}",
    }


def _wrap(user_responses: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{_ADDRESSING}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{_NS}/Autodiscover/GetUserSettingsResponse</a:Action>'
        f'<h:ServerVersionInfo xmlns:h="{_NS}"><h:MajorVersion>15</h:MajorVersion><h:MinorVersion>2</h:MinorVersion>'
        "<h:MajorBuildNumber>1748</h:MajorBuildNumber><h:MinorBuildNumber>10</h:MinorBuildNumber>"
        "<h:Version>Exchange2016</h:Version></h:ServerVersionInfo></s:Header><s:Body>"
        f'<GetUserSettingsResponseMessage xmlns="{_NS}"><Response xmlns:i="{_INSTANCE}">'
        f"<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>{user_responses}</UserResponses>"
        "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    ).encode()


def _write_pox(mailbox: Mailbox, url: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{_POX}/responseschema/2006"><Response xmlns="{_POX}/outlook/responseschema/2006a">'
        f"<User><DisplayName>{escape(mailbox.name)}</DisplayName>"
        f"<AutoDiscoverSMTPAddress>{escape(mailbox.email)}</AutoDiscoverSMTPAddress></User>"
        "<Account><AccountType>email</AccountType><Action>settings</Action>"
        f"<Protocol><Type>EXCH</Type><EwsUrl>{url}</EwsUrl><ASUrl>{url}</ASUrl></Protocol>"
        f"<Protocol><Type>EXPR</Type><EwsUrl>{url}</EwsUrl><ASUrl>{url}</ASUrl></Protocol>"
        "</Account></Response></Autodiscover>"
    ).encode()


def _write_pox_error() -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{_POX}/responseschema/2006"><Response><Error Time="08:00:00.0000000" Id="1">'
        "<ErrorCode>500</ErrorCode><Message>The email address cannot be found.</Message><DebugData/>"
        "</Error></Response></Autodiscover>"
    ).encode()
