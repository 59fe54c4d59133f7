"""Who may do what, in words that every room knows."""

OWNER = "owner"  # the role of the token that `up` prints; it may do everything
RIGHTS = ("see", "ask", "change")  # each holds those before it
