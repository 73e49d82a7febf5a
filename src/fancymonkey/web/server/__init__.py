"""The uvicorn protocols: hot requests, timeouts, WebSocket."""
