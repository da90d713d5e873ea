"""SQL, the only truth. The only folder that knows SQLAlchemy; each module holds the verbs on one group of tables."""
