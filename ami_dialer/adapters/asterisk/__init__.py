"""One Asterisk: its manager port by panoramisk, its answered calls by pyst2."""
