"""OAI-PMH 2.0, the Open Archives Initiative Protocol for Metadata Harvesting, at `/oai`.

Section numbers here are those of the protocol document, version 2.0 of 2015-01-08.
"""
