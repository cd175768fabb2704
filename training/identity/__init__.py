"""The net that tells faces apart: converted from published weights, checked on pairs."""
