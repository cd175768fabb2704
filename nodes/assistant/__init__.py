"""What an assistant is told of a running sensor, where somebody has allowed it: words from templates, no pictures.

A client of the gateway, in the process that the assistant starts (`liveaffect mcp`).
"""
