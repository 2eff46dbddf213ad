"""Microsoft Exchange as a source of pbx-connector, and the sandbox server to try it on."""
