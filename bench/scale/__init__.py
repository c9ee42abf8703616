"""Signal on Kafka and PostgreSQL: what each role costs, what installations add, and what follows for sizes."""
