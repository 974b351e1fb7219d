"""Alerts: one for each outage, and one when it is over."""
