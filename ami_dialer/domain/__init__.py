"""The words: what a contact, an enrolment, an attempt and a call are. Pure; docs/glossary.md says each in a sentence."""
