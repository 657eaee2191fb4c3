"""会员之家: the membership portal of a trade union. Imports nothing, so that `python3 -m portal` starts on a bare Python."""
