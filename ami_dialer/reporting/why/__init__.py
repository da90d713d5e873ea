"""Why is nothing being dialled: what is known, the reasons ranked, one contact."""
