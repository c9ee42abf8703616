"""History from files: rows are read, mapped to events and posted, at a pace that live events can bear."""
