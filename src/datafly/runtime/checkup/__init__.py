"""What `datafly doctor` looks at, a module each with `check(ground)`: what is there is looked at, in order of names.

A check changes nothing, and makes nothing.
"""
