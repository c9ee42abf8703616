"""Signal's requests to Insider beside those of the mapping that Insider maintains at Segment."""
