"""Rules of law from files: `ami_dialer/law/*.yaml`, and those of the administrator beside or instead of them.

- `schema`: what a file may hold
- `files`: all files together, every problem at once
- `stored`: a rulebook as JSON, and the digest that names it
"""

from ami_dialer.config.rulebook.files import Examination, examine, load
from ami_dialer.config.rulebook.stored import StoredRulesError, as_plain, from_json, to_json

__all__ = ["Examination", "StoredRulesError", "as_plain", "examine", "from_json", "load", "to_json"]
