"""The composition root: the only place that puts servers, services and missions together."""
