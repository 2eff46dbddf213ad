"""A new profile: the templates of all sources as cards, and the questions of one as a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from pbx_connector.api import ProfileError, Question, SourceType, Template, UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting import answers as filling
from pbx_web.drafting import names
from pbx_web.drafting.answers import Answers
from pbx_web.drafting.connection import ConnectionTest, answer
from pbx_web.drafting.folder import folder_of
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.permissions import Role


def show_templates(ask: Ask) -> Shown:
    found = list(_templates(ask))
    shown = [{"source": source, "template": template} for source, template in found]
    return Shown(template="new.html", values={"cards": shown}, json={"templates": [_json(*one) for one in found]})


def show_form(ask: Ask) -> Shown:
    source, template = _wanted(ask)
    given = {one.name: one.default or "" for one in template.questions}
    return _form(Answers(source, template, folder_of(ask), given))


def act(ask: Ask) -> Shown | Done | Response:
    source, template = _wanted(ask)
    answers = filling.read(ask, source, template, folder_of(ask))
    stem = _stem(answers)
    if answers.wrong:
        return _form(answers, status=422)
    filling.keep_secrets(ask, answers, stem)
    checked = answers.checked(ask)
    if checked.profile is None:
        return _form(answers, elsewhere=answers.elsewhere(checked), status=422)
    if ask.text("do") == "test":
        return answer("new_form.html", _form(answers).values, ConnectionTest(checked.profile, ask))
    return _created(ask, answers, f"{stem}.yaml")


def _created(ask: Ask, answers: Answers, name: str) -> Shown | Done:
    try:
        file = application.drafts.create(ask.site.installation, name, answers.text, by=ask.known_user.name).file
    except ProfileError as error:
        return _form(answers, elsewhere=error.diagnostics, status=422)
    except UsageError as error:
        answers.wrong["file"] = error.message
        return _form(answers, status=409)
    ask.note(application.audit.AuditAction.PROFILE_CREATED, file.stem, detail={"template": answers.template.name})
    message = ask.language("%(file)s is written. Look through it, then simulate it.", file=file.name)
    return Done(to=f"/profiles/{file.stem}", message=message, json={"profile": file.stem, "file": file.name})


def _stem(answers: Answers) -> str:
    """Blank, with a note at its field, if there can be none."""
    try:
        return answers.stem
    except UsageError as error:
        answers.wrong["file"] = f"{error.message}{f': {error.hint}' if error.hint else ''}"
        return ""


def _form(answers: Answers, *, elsewhere: Any = (), status: int = 200) -> Shown:
    title = answers.given.get(filling.TITLE) or answers.template.name
    values = {
        "source": answers.source,
        "template": answers.template,
        "answers": answers,
        "proposed": names.free(names.proposed(title), answers.folder),
        "elsewhere": elsewhere,
        "test": None,
    }
    wrong = {"wrong": answers.wrong, "diagnostics": [application.views.diagnostic(one) for one in elsewhere]}
    said = _json(answers.source, answers.template) | (wrong if status != 200 else {})
    return Shown(template="new_form.html", values=values, json=said, status=status)


def _templates(ask: Ask) -> Iterator[tuple[SourceType, Template]]:
    found: Mapping[str, tuple[SourceType, Template]] = ask.site.installation.plugins.templates
    for _, one in sorted(found.items(), key=lambda item: (item[1][0].title.casefold(), item[0])):
        yield one


def _wanted(ask: Ask) -> tuple[SourceType, Template]:
    found = ask.site.installation.plugins.templates.get(ask.path["template"])
    if found is None:
        raise NotFound(ask.language("There is no template of that name."))
    return found


def _json(source: SourceType, template: Template) -> dict[str, Any]:
    questions = [_question(one) for one in template.questions]
    return {"name": template.name, "title": template.title, "source": source.name, "questions": questions}


def _question(one: Question) -> dict[str, Any]:
    default = None if one.secret else one.default
    return {"name": one.name, "prompt": one.prompt, "default": default, "secret": one.secret, "steps": one.steps}


PAGES = (
    Page("/profiles/new", Role.EDITOR, show_templates),
    Page("/profiles/new/{template}", Role.EDITOR, show_form),
    Action("/profiles/new/{template}", Role.EDITOR, act),
)
