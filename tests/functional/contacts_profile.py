"""A profile with rules, and tests of it, that need no server."""

from __future__ import annotations

PROFILE = """\
title: Contacts
source: exchange
settings:
  email: pbx@example.com
  password: {env: NOT_SET_ANYWHERE}
region: DE
tables:
  departments: {"10": Sales}
rules: |
  keep when [GivenName] is not blank or [CompanyName] is not blank
  skip when [Sensitivity] is "Private" because "private contact"

  DisplayName = left([DisplayName] else join(", ", [Surname], [GivenName]), 80)
  Phone       = phone([PhoneNumbers_BusinessPhone])
  Department  = lookup(departments, [Department]) else [Department]
structure:
  phonebook:
    - 028pho_bez:   "{{DisplayName}}"
      028pho_phone: "{{Phone}}"
      028pho_notes: "{{Birthday}}"
      011acc_id:    "{{local_id}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: Department, 028050pholab_value: "{{Department}}"}
"""

TESTS = """\
tests:
  - row: {DisplayName: "Ann \\"Bo\\" Lee", GivenName: Ann, Department: "10", PhoneNumbers_BusinessPhone: "0991 12345"}
    expect: {028pho_bez: 'Ann "Bo" Lee', 028pho_phone: "+4999112345", labels: {Department: Sales}}
  - row: {GivenName: Ann, Surname: Lee, Birthday: 1980-12-31, local_id: 7}
    expect: {028pho_bez: "Lee, Ann", 028pho_phone: , 028pho_notes: 1980-12-31, 011acc_id: 7, labels: {Department: }}
  - row: {GivenName: Ann, Sensitivity: private}
    expect: {skipped: private contact}
"""
