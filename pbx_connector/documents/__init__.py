"""What profiles and config.yaml have in common as files: findings at their place, and no secret in them."""

from pbx_connector.documents.findings import START, finding, from_details, from_validation, hidden_keys
from pbx_connector.documents.masking import masked
from pbx_connector.documents.values import given_values

__all__ = ["START", "finding", "from_details", "from_validation", "given_values", "hidden_keys", "masked"]
