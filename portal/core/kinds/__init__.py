"""What each kind of field can do."""

from portal.core.fields import FieldError
from portal.core.kinds.kind import Kind

__all__ = ["FieldError", "Kind"]
