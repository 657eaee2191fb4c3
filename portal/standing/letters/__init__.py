"""工会会员组织关系介绍信: numbered without gaps, printed in three parts, answered by a receipt."""
