"""The mechanism of SQL: connections, statements, repositories."""
