"""An office of people who do not exist, and what sandbox servers of several protocols need to serve it.

The state is one for all of them: what one server shows, another shows, too. Needs the extra `sandbox` of pbx-connector.
"""
