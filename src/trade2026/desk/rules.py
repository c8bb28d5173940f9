"""Where the rules of compliance are kept: a file of the data directory, else the default ones."""

from pathlib import Path
from typing import Final

from trade2026.core.errors import InvalidInputError
from trade2026.domain.compliance.book import DEFAULT_RULES, RuleBook, read_rules

RULES_FILE: Final = "compliance.toml"


def text_of_rules(data_dir: Path) -> str:
    """Return the text of the rules that bind.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    path = data_dir / RULES_FILE
    try:
        return path.read_text("utf-8") if path.exists() else DEFAULT_RULES
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(RULES_FILE, str(error)) from error


def rules_of(data_dir: Path) -> RuleBook:
    """Return the rules that bind.

    Raises:
        InvalidInputError: the file cannot be read, or a rule in it is none; says where.
    """
    return read_rules(text_of_rules(data_dir), RULES_FILE)
