"""Contacts of Microsoft 365 over Microsoft Graph: the source `microsoft365`, and a sandbox server to try it on."""
