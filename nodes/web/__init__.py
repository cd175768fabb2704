"""The page: what a running sensor shows to any browser, and to any program that speaks HTTP.

A client of the gateway in a process of its own, as the window is; a browser that stalls costs the sensor nothing.
"""
