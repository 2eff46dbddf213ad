"""Profiles that drafts are tried on: every one that ships, and some that are written as nobody would expect."""

from __future__ import annotations

from pathlib import Path

from pbx_connector.plugins import Plugins

ROOT = Path(__file__).resolve().parents[2]

COMMENTS = """\
# head

# of the title
title: 'Büro "Süd"'   # lined up

source:   exchange # the old server
# settings follow
settings:   # here
  # first
  email: pbx@example.com     # who
  password: {file: "pbx secret", expires: 2031-01-01} # by hand

  # odd
  url: ''
  shared:
    owners:
      - a@example.com # boss
      # between
      - 'b@example.com'
      - "c@example.com"

    # end of owners
    discover: yes
  public: {include: [/Sales/*, "/A, B" , '/C' ], enabled: true}   # flow
  # end of settings

mode:    upsert
tables:
  # towns
  towns:
    "030": Berlin # capital
    '040':   'Hamburg'
    089: "M\\u00fcnchen"
rules: |   # the rules
  # first of all
  skip when [Sensitivity] is "Private"   # nobody's business
    # nor ours

  # the name
  # of people
  Name    = [DisplayName]
    else [CompanyName]   # last resort
  keep when
      Name is not blank
    because "no ""name"" # at all"
  Town = lookup([BusinessAddress_City], towns)

  # the end


# structure follows
structure:
  phonebook:
    # people
    - 028pho_bez:   "{{Name}}"   # the name
      # number
      028pho_phone: '{{PhoneNumbers_BusinessPhone}}'

      post:
        # labels
        phonebook.phonebooklabel:
          - {050lab_bez: Town, 028050pholab_value: "{{Town}}"} # where
          # and
          - 050lab_bez: "Dep # t"
            028050pholab_value: >-
              {{Department}}
              of ours
    # companies
    - when: 'Name is not blank'
      028pho_bez: '{{Name}} x'
# the end
"""

QUOTED_KEYS = """\
"title": "A"
'source': "exchange"
"settings": {"email": "a@example.com", 'password': {"env": "X"}, "timeout": 60}
"mode": mirror
"rules": |-
    Ä_1 = "a # b"
    keep when Ä_1 is "a # b" because "Ü"
"structure": {"phonebook": {"028pho_bez": "{{Ä_1}}", "post": {"phonebook.phonebooklabel": {"050lab_bez": "L",
   "028050pholab_value": "x"}}}}
schedule: {every: 15m}
"""

FOLDED = """\
title: >-
  Contacts of
  the office
comments: |
  One line

    and more
source: exchange
settings:
  email: "a@example.com"
  password:
    keyring: pbx
limits: {remove_at_most: {share: 30%, entries: 5}}
merge: {by: email}
schedule:
  cron: 5 4 * * *
  timezone: Europe/Berlin
rules: >
  Name = [DisplayName]
structure:
  phonebook:
    028pho_bez: >
      {{Name}}
    028pho_phone:
"""

INDENTED_RULES = """\
title: T
source: exchange
settings: {}
rules: |2
\x20\x20\x20\x20
  A = 1\t# tab
  \t
  B = join(", ",
  \t[Surname],\x20\x20
      [GivenName])
  keep when A is "1"


  C = A &
    # inner
    B
structure: {phonebook: [{028pho_bez: '{{A}}'}]}
"""

KEPT_END = "title: T\nsource: csv\nsettings:\nrules: |+\n  A = 1\n\n\nstructure:\n  phonebook:\n  - 028pho_bez: '{{A}}'"

NO_RULES = "source: ldap\ntitle:\nstructure:\n    phonebook:\n      -\n        028pho_bez: x\n      - {}\n"

DEEPER = "  title: T\n  source: exchange\n  settings:\n    email: x\n  rules: |\n   A = 1\n  structure: {}\n"

BROKEN = """\
title: "T
source: exchange
settings:
  email: a@example.com
  tenant: [a, b
rules: |
  A = = 1
  keep
  when x
  B = "open
structure:
  phonebook:
    - 028pho_bez: "{{A}}"
      when: [Surname] is "Lee"
"""

HARD = {
    "comments": COMMENTS,
    "quoted keys": QUOTED_KEYS,
    "folded": FOLDED,
    "indented rules": INDENTED_RULES,
    "kept end": KEPT_END,
    "no rules": NO_RULES,
    "deeper": DEEPER,
    "broken": BROKEN,
}

SHIPPED = {file.stem: file.read_text(encoding="utf-8") for file in sorted((ROOT / "profiles").glob("*.yaml"))} | {
    f"template {name}": template.text for name, (_, template) in sorted(Plugins().templates.items())
}

PLAIN = SHIPPED | HARD
TEXTS = {
    **PLAIN,
    **{f"{name}, Windows": text.replace("\n", "\r\n") for name, text in PLAIN.items()},
    **{f"{name}, mark": "\ufeff" + text for name, text in HARD.items()},
    **{f"{name}, no end": text.rstrip("\n") for name, text in PLAIN.items()},
}
