"""The words for which Spark hides a setting."""

import re

# Spark's default of spark.redaction.regex: a setting with such a word in its name or value is
# answered as if it were absent.
REDACTED = re.compile("(?i)secret|password|token|access[.]?key")
