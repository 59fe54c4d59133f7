"""How Chinese texts write values: numerals, days, codes with check characters, divisions of the
country.

Pure. A text is read exactly or refused with its reason.
"""
