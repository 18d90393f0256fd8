"""One small file for each program that is tested."""
