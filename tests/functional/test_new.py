"""`new` without a template says which there are; what is no template leads to one."""

from __future__ import annotations

from product import Connector

from pbx_connector.plugins import Plugins


def test_new_lists_the_templates_of_all_sources_one_a_line(connector: Connector) -> None:
    listed = connector("new").out.splitlines()
    templates = Plugins().templates
    assert {"exchange-contacts", "microsoft365-contacts", "active-directory", "ldap-contacts", "csv-contacts"} <= set(
        templates
    )
    for name, (source, template) in templates.items():
        [line] = [line for line in listed if line.split()[:1] == [name]]
        assert line.split(maxsplit=1)[1] == f"{template.title} (source {source.name})"


def test_a_source_in_place_of_a_template_leads_to_its_templates(connector: Connector) -> None:
    assert "did you mean exchange-contacts or exchange-office?" in connector("new", "exchange", code=2).err
    assert "did you mean active-directory?" in connector("new", "active-dir", code=2).err
    assert "pbx-connector new lists them" in connector("new", "zzz", code=2).err
    assert not list(connector.home.iterdir())
