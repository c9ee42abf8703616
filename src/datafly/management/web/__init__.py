"""The control room: web pages over the same services as the API, drawn on the server."""
