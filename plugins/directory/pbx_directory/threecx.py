"""The file that a 3CX phone system takes to ask this directory: its template for a CRM, with our address in it.

Element and attribute names are those of 3CX's own description of such templates; no 3CX was at hand to load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

from pbx_directory.caller import Caller

OUTPUTS = {
    "FirstName": "first_name",
    "LastName": "last_name",
    "CompanyName": "company",
    "Email": "email",
    "PhoneBusiness": "number",
    "EntityId": "id",
}
"""What 3CX calls a part of a contact, and where it stands in our answer."""


def template(title: str, url: str) -> bytes:
    """`url` is that of the look-up, without its question."""
    crm = Tree.Element("Crm", Name=title, Version="1", Country="DE", SupportsEmojis="false")
    Tree.SubElement(crm, "Number", Prefix="Plus", MaxLength="")
    Tree.SubElement(crm, "Connection", MaxConcurrentRequests="10")
    parameters = Tree.SubElement(crm, "Parameters")
    Tree.SubElement(
        parameters,
        "Parameter",
        Name="Url",
        Type="String",
        Parent="General Configuration",
        Editor="String",
        Title="Address of the directory:",
        Default=url,
    )
    Tree.SubElement(crm, "Authentication", Type="No")
    _scenario(Tree.SubElement(crm, "Scenarios"))
    Tree.indent(crm)
    written: bytes = Tree.tostring(crm, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _scenario(scenarios: Tree.Element) -> None:
    scenario = Tree.SubElement(scenarios, "Scenario", Id="", Type="REST")
    Tree.SubElement(
        scenario,
        "Request",
        SkipIf="",
        Url="[Url]?number=[Number]",
        MessagePasses="0",
        RequestContentType="",
        RequestEncoding="UrlEncoded",
        RequestType="Get",
        ResponseType="Json",
    )
    rule = Tree.SubElement(Tree.SubElement(scenario, "Rules"), "Rule", Type="Any", Ethalon="")
    rule.text = "contacts.id"
    variables = Tree.SubElement(scenario, "Variables")
    outputs = Tree.SubElement(scenario, "Outputs", AllowEmpty="false")
    for name, path in OUTPUTS.items():
        variable = Tree.SubElement(variables, "Variable", Name=name, LookupValue="", Path=f"contacts.{path}")
        Tree.SubElement(variable, "Filter")
        Tree.SubElement(outputs, "Output", Type=name, Passes="0", Value=f"[{name}]")


def contacts(caller: Caller) -> Mapping[str, Any]:
    """The answer to the look-up. Who has neither first nor last name goes by the whole name."""
    if caller.entry is None:
        return {"contacts": []}
    return {
        "contacts": [
            {
                "id": str(caller.entry),
                "first_name": caller.first_name,
                "last_name": caller.last_name or ("" if caller.first_name else caller.name),
                "company": caller.organisation,
                "email": caller.email,
                "number": caller.number,
                "labels": dict(caller.labels),
            }
        ]
    }
