// Nothing to call: see quickstart.c.
