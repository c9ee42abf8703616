"""kill -9 at random instants under load: what was acknowledged arrives, in order, and little of it twice."""
