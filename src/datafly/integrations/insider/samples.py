"""Events and what Insider gets for them; each is a test case, and an example of the page."""

from datafly.spec.integration import Sample

SAMPLES: tuple[Sample, ...] = ()
