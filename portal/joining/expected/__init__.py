"""应入会名单: who ought to join, who has, and how the others are asked."""
