"""What would be picked instead: FastAPI, Pydantic and SQLAlchemy's async ORM, written as their manuals do."""
