"""Linli (邻里): communities report in, serve, scan, earn and redeem; see docs/architecture.md."""
