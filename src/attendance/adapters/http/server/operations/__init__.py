"""Operations: declared once, compiled once, run for each request."""
