"""Predictions held against labels: tables, metrics, report, plot."""
