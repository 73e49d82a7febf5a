"""Files, locks and disk latency, shared by the stores."""
