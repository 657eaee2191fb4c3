"""会员之家, the membership portal of a trade union. Imports nothing, so that __main__ can start on a bare Python."""
