"""The phone book on pages: searched, paged, changed by hand; and what nobody may see who may not."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from pbx_web.permissions import Role

from pbx_connector.api import Book, Content, Entry, Origin, RunKind

from .conftest import PROFILE, Running, Start, run_profile
from .following import ended
from .probes import CALCULATION, RESULT

SECRET = "Zenobia Geheim"
SECRET_LABEL = "Geheimlabel"


def person(name: str, account: str | None = None, labels: dict[str, str] | None = None, **fields: str) -> Content:
    return Content(account, {"display_name": name, **fields}, labels or {})


@pytest.fixture
def admin(running: Running) -> Iterator[httpx.Client]:
    with running.client(Role.ADMIN) as client:
        yield client


def found(client: httpx.Client, **search: str) -> list[str]:
    """As a person finds it, with the form and the redirect."""
    answer = client.post("/phone-book/search", data=search)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.headers["location"]).text
    return names(page)


def names(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*><bdi>(.*?)</bdi>', page)]


def below_frame(answer: httpx.Response) -> str:
    """What stands on a page below its frame."""
    content = re.search("<main.*</main>", answer.text, flags=re.S)
    assert content
    return content[0]


def test_people_are_found_by_name_and_by_number_in_any_notation(running: Running, admin: httpx.Client) -> None:
    running.store.add_entry(person("Jürgen Müller", phone="+49 89 23125-203", organisation="Bau AG"))
    running.store.add_entry(person("Zoë", phone="+49 30 1234567"))
    assert found(admin, text="MULLER") == ["Jürgen Müller"]
    assert found(admin, text="bau ag") == ["Jürgen Müller"]
    assert found(admin, text="23125 / 203") == ["Jürgen Müller"]
    answer = admin.post("/api/v1/phone-book/search", json={"text": "00498923125203"}).json()
    assert [one["display_name"] for one in answer["callers"]] == ["Jürgen Müller"]
    page = admin.get(admin.post("/phone-book/search", data={"text": "030 1234567"}).headers["location"]).text
    assert "A call from this number shows" in page
    assert found(admin, text="nobody") == []


def test_no_address_and_no_title_holds_what_was_searched_for(running: Running, admin: httpx.Client) -> None:
    entry = running.store.add_entry(person("Jürgen Müller"))
    where = admin.post("/phone-book/search", data={"text": "Müller"}).headers["location"]
    assert re.fullmatch(r"/phone-book\?search=[\w-]{16}", where)
    title = re.search("<title>(.*?)</title>", admin.get(f"/phone-book/entries/{entry.id}").text)
    assert title
    assert title[1] == f"Entry {entry.id} · pbx-connector"
    with running.client(Role.READER) as other:
        page = other.get(where).text
    assert "Müller" not in re.sub(r"<section id=\"found\".*?</section>", "", page, flags=re.S)
    assert "is not kept any more" in page


def test_a_long_book_is_paged_by_name(running: Running, admin: httpx.Client) -> None:
    for number in range(120):
        running.store.add_entry(person(f"Person {119 - number:03}", labels={"VIP": "yes"} if number % 2 else {}))
    first = admin.get("/phone-book").text
    seen, page = names(first), first
    assert "120 company entries" in first
    while further := re.search(r'rel="next" href="([^"]+)"', page):
        page = admin.get(unescape(further[1])).text
        seen += names(page)
    assert seen == [f"Person {number:03}" for number in range(120)]
    where = admin.post("/phone-book/search", data={"label": "VIP", "value": "yes"}).headers["location"]
    page, seen = admin.get(where).text, []
    seen += names(page)
    further = re.search(r'rel="next" href="([^"]+)"', page)
    assert further
    seen += names(admin.get(unescape(further[1])).text)
    assert len(seen) == 60
    assert names(admin.get("/phone-book?after=999999999").text) == names(first)
    assert admin.get("/phone-book?after=x").status_code == 200


@pytest.mark.parametrize("role", [Role.READER, Role.EDITOR, Role.RELEASER, Role.ADMIN])
def test_a_private_entry_leaks_nowhere(running: Running, role: Role) -> None:
    """Not over pages, JSON, counts, labels, files, previews, look-ups, histories or places in a list."""
    running.store.add_entry(person("Ann Lee", phone="+49 30 1", labels={"VIP": "yes"}))
    labels = {SECRET_LABEL: SECRET}
    secret = running.store.add_entry(person(SECRET, "1", labels, phone="+49 176 998877", notes=SECRET))
    missing = secret.id + 1000
    with running.client(role) as client:
        paths = [
            "/phone-book",
            f"/phone-book?after={secret.id}",
            "/phone-book/duplicates",
            "/phone-book/add",
            "/phone-book/preview",
            "/accounts",
        ]
        answers = [client.get(prefix + path) for path in paths for prefix in ("", "/api/v1")]
        searches = [{"text": "Zenobia"}, {"text": "0176998877"}, {"kind": "private"}, {"kind": "all"}]
        searches.append({"label": SECRET_LABEL.lower()})
        answers += [client.post("/api/v1/phone-book/search", json=search) for search in searches]
        exports = [{"format": format, "private": "yes"} for format in ("csv", "jsonl", "vcard")]
        answers += [client.post("/phone-book/export", data=data) for data in exports]
        for path in ("entries/{}", "entries/{}/edit", "preview?format=csv&entry={}"):
            hidden, absent = (client.get("/phone-book/" + path.format(id)) for id in (secret.id, missing))
            assert hidden.status_code == absent.status_code
            assert below_frame(hidden).replace(str(secret.id), "N") == below_frame(absent).replace(str(missing), "N")
        for path in ("entries/{}/edit", "entries/{}/remove"):
            answers.append(client.post("/phone-book/" + path.format(secret.id), data={"display_name": "x"}))
            assert answers[-1].status_code in (403, 404)
    for answer in answers:
        shown = answer.text.replace("label&#39;", "")
        for word in ("Zenobia", "Geheim", "998877", "geheim"):
            assert word not in shown, (answer.request.url, word)
    assert running.store.entry(secret.id).content.fields["display_name"] == SECRET
    with running.client(role) as client:
        assert client.get("/api/v1/phone-book").json()["total"] == 1


def test_roles_that_are_named_see_private_entries(start: Start) -> None:
    running = start(personal=["releaser"])
    running.store.add_entry(person("Ann Lee"))
    secret = running.store.add_entry(person(SECRET, "1", {SECRET_LABEL: "x"}))
    with running.client(Role.RELEASER) as client:
        assert found(client, text="zenobia", kind="all") == [SECRET]
        assert found(client, kind="private") == [SECRET]
        assert found(client, kind="company") == ["Ann Lee"]
        assert SECRET in client.get(f"/phone-book/entries/{secret.id}").text
        assert SECRET in client.post("/phone-book/export", data={"format": "csv", "private": "yes"}).text
        assert SECRET not in client.post("/phone-book/export", data={"format": "csv"}).text
    with running.client(Role.ADMIN) as client:
        assert client.get(f"/phone-book/entries/{secret.id}").status_code == 404


def test_an_entry_says_where_it_comes_from_and_what_happened_to_it(running: Running, admin: httpx.Client) -> None:
    run = run_profile(running)
    entry = next(entry for entry in running.store.entries() if entry.content.fields["display_name"] == "Ann Lee")
    page = admin.get(f"/phone-book/entries/{entry.id}").text
    said = admin.get(f"/api/v1/phone-book/entries/{entry.id}").json()
    assert 'href="/profiles/customers"' in page
    assert f'href="/runs/{run.run}"' in page
    assert (said["profile"], said["history"][0]["action"], said["history"][0]["run"]) == ("customers", "add", run.run)
    assert f'href="/phone-book/entries/{entry.id}/edit' not in page
    assert admin.post(f"/phone-book/entries/{entry.id}/remove").status_code == 400
    with running.client(Role.READER) as reader:
        assert "/runs/" not in reader.get(f"/phone-book/entries/{entry.id}").text
        said = reader.get(f"/api/v1/phone-book/entries/{entry.id}").json()
        assert (said["history"], said["row"]) == ([], None)


def entry_of(running: Running, name: str) -> Entry:
    return next(entry for entry in running.store.entries() if entry.content.fields["display_name"] == name)


def test_why_an_entry_is_so_leads_to_the_trace_of_just_this_one(running: Running) -> None:
    run_profile(running)
    with running.client(Role.EDITOR) as client:
        for name in ("Ann Lee", "Bob Ray"):
            entry = entry_of(running, name)
            assert f'action="/phone-book/entries/{entry.id}/why"' in client.get(f"/phone-book/entries/{entry.id}").text
            begun = client.post(f"/phone-book/entries/{entry.id}/why")
            job = begun.headers["location"].removeprefix("/jobs/")
            result = ended(client, job)["result"]
            assert result.startswith(f"/simulations/{job}/records/")
            assert client.get(f"/jobs/{job}").headers["location"] == result
            why = client.get(f"/api/v1{result}").json()
            assert (why["name"], len(why["steps"])) == (name, 3)
    with running.client(Role.READER) as reader:
        assert "/why" not in reader.get(f"/phone-book/entries/{entry.id}").text
        assert reader.post(f"/phone-book/entries/{entry.id}/why").status_code == 403


def test_why_says_what_it_cannot_tell(running: Running) -> None:
    by_hand = running.store.add_entry(person("Hand")).id
    run_profile(running)
    entry, file = entry_of(running, "Ann Lee"), running.profiles / "customers.yaml"
    with running.client(Role.EDITOR) as client:
        for wanted, status in ((by_hand, 400), ("999", 404), ("%2e%2e", 404), ("x", 404)):
            assert client.post(f"/phone-book/entries/{wanted}/why").status_code == status
        file.write_text(PROFILE.replace("source: csv", "source: csw"), encoding="utf-8")
        broken = client.post(f"/phone-book/entries/{entry.id}/why")
        assert (broken.status_code, "csw" in broken.text) == (422, True)
        file.unlink()
        assert client.post(f"/phone-book/entries/{entry.id}/why").status_code == 404


@pytest.mark.parametrize("sees", [False, True])
def test_why_is_not_told_of_somebody_elses_contact(start: Start, *, sees: bool) -> None:
    running = start(personal=["editor"] if sees else [])
    book = Book("mine", "Mine", "personal", "1")
    with running.store.changeset(RunKind.RUN, "", "customers") as changeset:  # type: ignore[attr-defined]
        [entry] = changeset.put_entries([Entry(0, person("Ann"), Origin("customers", book, "1", ""))])
    with running.client(Role.EDITOR) as client:
        assert ("/why" in client.get(f"/phone-book/entries/{entry.id}").text) is sees
        assert client.post(f"/phone-book/entries/{entry.id}/why").status_code == (303 if sees else 403)


def test_entries_are_made_changed_and_removed_by_hand(running: Running, admin: httpx.Client) -> None:
    wrong = admin.post(
        "/phone-book/add", data={"display_name": "", "phone": "no number", "email": "x", "label": "a\tb", "value": "1"}
    )
    assert wrong.status_code == 400
    for name in ("display_name", "phone", "email"):
        assert f'id="{name}-error"' in wrong.text
        assert f'aria-describedby="{name}-error"' in wrong.text
    assert 'value="no number"' in wrong.text
    assert list(running.store.entries()) == []
    made = admin.post(
        "/phone-book/add",
        data={
            "display_name": " Ann ",
            "phone": "+49 30 1",
            "notes": "a\r\nb",
            "label": ["VIP", ""],
            "value": ["yes", ""],
        },
    )
    [entry] = running.store.entries()
    assert made.headers["location"] == f"/phone-book/entries/{entry.id}"
    assert entry.content == person("Ann", phone="+49 30 1", notes="a\nb", labels={"VIP": "yes"})
    form = admin.get(f"/phone-book/entries/{entry.id}/edit").text
    assert 'value="+49 30 1"' in form
    data = {"display_name": "Ann", "phone": "", "notes": "a\r\nb", "label": ["VIP", "Ring"], "value": ["", "loud"]}
    assert admin.post(f"/phone-book/entries/{entry.id}/edit", data=data).status_code == 303
    assert running.store.entry(entry.id).content == person("Ann", notes="a\nb", labels={"Ring": "loud"})
    admin.post(f"/phone-book/entries/{entry.id}/edit", data=data)
    assert "Nothing was changed." in admin.get(f"/phone-book/entries/{entry.id}").text
    assert admin.post(f"/api/v1/phone-book/entries/{entry.id}/edit", json={"phone": "190"}).status_code == 200
    assert running.store.entry(entry.id).content == person("Ann", notes="a\nb", phone="190", labels={"Ring": "loud"})
    refused = admin.post(f"/api/v1/phone-book/entries/{entry.id}/edit", json={"phone": "x"})
    assert list(refused.json()["error"]["fields"]) == ["phone"]
    assert admin.post(f"/phone-book/entries/{entry.id}/remove").headers["location"] == "/phone-book"
    assert list(running.store.entries()) == []
    done = [record.detail["entry"] for record in running.store.audit() if record.action == "entry changed"]
    assert done == ["removed", "changed", "changed", "added"]


def test_one_person_of_two_profiles_is_a_duplicate(running: Running, admin: httpx.Client) -> None:
    run_profile(running)
    text = (running.profiles / "customers.yaml").read_text(encoding="utf-8")
    other = text.replace("Customers", "Partners").replace("customers.csv", "partners.csv")
    (running.profiles / "partners.yaml").write_text(other, encoding="utf-8")
    rows = "Id,Name,Company,Phone,Class\n9,Anna Lee,Lee GmbH,030 1234567,A\n"
    (running.profiles / "partners.csv").write_text(rows, encoding="utf-8")
    admin.post("/overview/keep", data={"profile": "partners"})
    assert run_profile(running, "partners").status == "done"
    page = admin.get("/phone-book/duplicates").text
    assert "1 person is in several profiles." in page
    assert "Anna Lee" in page
    assert len(admin.get("/api/v1/phone-book/duplicates").json()["persons"]) == 1


def test_it_is_taken_away_as_a_file_and_shown_as_phones_get_it(running: Running, admin: httpx.Client) -> None:
    entry = running.store.add_entry(person("=cmd|' /C calc'!A0", phone="+49 30 1"))
    answer = admin.post("/phone-book/export", data={"format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="phonebook.csv"'
    assert next(csv.DictReader(io.StringIO(answer.text)))["displayname"].startswith("'=cmd")
    assert "BEGIN:VCARD" in admin.post("/phone-book/export", data={"format": "vcard"}).text
    assert admin.post("/phone-book/export", data={"format": "nothing"}).status_code == 400
    page = admin.get(f"/phone-book/preview?format=yealink&entry={entry.id}").text
    assert "YealinkIPPhoneDirectory" in page
    with running.client(Role.EDITOR) as editor:
        assert editor.post("/phone-book/export").status_code == 403
    assert "phone book exported" in [record.action for record in running.store.audit()]


HOSTILE = [
    "<script>alert(1)</script>",
    CALCULATION + "{% for x in y %}",
    "'\"><img src=x onerror=alert(1)>",
    "</title></svg></textarea><b>",
    "\u202eevil\u2066\u200f",
    "javascript:alert(1)",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_contact_is_called_is_never_markup(start: Start, text: str) -> None:
    running = start(personal=["admin"])
    labels = {text: text}
    fields = {"first_name": text, "organisation": text, "notes": (text * 500)[:4000]}
    company = running.store.add_entry(person(text, labels=labels, **fields))
    private = running.store.add_entry(person(text, "1", labels, **fields))
    running.store.edit_entry(company.id, lambda held: person(text, None, {}, phone="190", **fields))
    running.store.edit_entry(company.id, lambda held: person(text, None, labels, phone="190", **fields))
    with running.client(Role.ADMIN) as client:
        where = client.post("/phone-book/search", data={"text": text, "kind": "all", "label": text}).headers["location"]
        paths = [where, "/phone-book", "/phone-book/add", "/accounts", "/", "/phone-book/preview?format=yealink"]
        for entry in (company, private):
            paths += [f"/phone-book/entries/{entry.id}", f"/phone-book/entries/{entry.id}/edit"]
        for path in paths:
            page = client.get(path)
            assert page.status_code == 200
            for markup in ("<script>", "<img", "<b>", RESULT, "</title></svg>"):
                assert markup not in page.text, path
        assert client.get(f"/api/v1/phone-book/entries/{company.id}").json()["fields"]["display_name"] == text
        assert f"<bdi>{_escaped(text)}</bdi>" in client.get(f"/phone-book/entries/{company.id}").text


def _escaped(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ('"', "&#34;")):
        text = text.replace(sign, entity)
    return text


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/phone-book/search", {"text": "a" * 300}),
        ("/phone-book/search", {"text": "\0"}),
        ("/phone-book/search", {"text": "\ud800".encode("utf-8", "surrogatepass")}),
        ("/phone-book/search", {"label": "\0", "value": "\0"}),
        ("/phone-book/add", {"display_name": "a" * 10_000}),
        ("/phone-book/add", {"display_name": "a\0b"}),
        ("/phone-book/add", {"display_name": "a", "label": "x" * 300, "value": "y" * 10_000}),
    ],
)
def test_what_no_phone_book_holds_is_answered_calmly(running: Running, path: str, data: dict[str, str]) -> None:
    with running.client(Role.ADMIN) as client:
        assert client.post(path, data=data, follow_redirects=True).status_code in (200, 400)


@pytest.mark.parametrize("id", ["0", "-1", "x", "1e3", "9" * 30, "...", "%00", "1%2F2"])
def test_an_id_that_is_none_is_not_found(admin: httpx.Client, id: str) -> None:
    assert admin.get(f"/phone-book/entries/{id}").status_code == 404
    assert admin.get(f"/phone-book/entries/{id}/edit").status_code == 404
