"""The desktop's windows as processes of their own."""
