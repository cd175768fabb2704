"""The MCAP files of sessions (https://mcap.dev/spec): written so that a kill costs little, read without trust."""
