"""Active Directory, OpenLDAP and other LDAP directories as a source of pbx-connector."""
