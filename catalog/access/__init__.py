"""Who may see what: the policy, its files, rules, masks, cubes and grants."""
