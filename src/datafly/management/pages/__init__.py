"""Pages for people: drawn with Jinja, escaped, under headers that let nothing but our own files in."""
