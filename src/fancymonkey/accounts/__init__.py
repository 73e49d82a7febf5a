"""Who may do what: users, sessions, API keys, second factors, and a record of every act."""
