"""The words: what a contact, an enrolment, an attempt and a call are. Pure; see docs/glossary.md."""
