# Who may do what. One question in, one decision out: {"allow": …, "rule": …}.
#
# An action is `<resource>:<verb>`. A role grants actions, a principal's accounts say on whose
# behalf. Both must agree; the rule names what decided. Whatever is not said is refused.
#
# Kept to the part of the language that every engine we use reads alike: no globs, no general
# reference heads, no tokens (they are verified before the question is asked).
package trade2026.authz

import rego.v1

verbs := {"read", "write", "control", "admin"}

# Verbs that a role may use on every resource.
verbs_of := {
	"viewer": {"read"},
	"trader": {"read"},
	"risk": {"read"},
	"participant": {"read"},
}

# Actions beyond those. `me:write` is one's own password and one's own logins. Who has
# `prism:write` trades on PRISM past the OMS, risk and the kill switch: no role of the platform's
# own traders.
actions_of := {
	"viewer": {"me:write"},
	"trader": {"me:write", "orders:write", "library:write"},
	"risk": {"me:write", "risk:write", "risk:control", "live:control", "exec:control"},
	"participant": {"me:write", "prism:write"},
}

default decision := {"allow": false, "rule": "question.malformed"}

decision := {"allow": false, "rule": "account.not_granted"} if {
	is_well_formed
	not is_account_granted
}

decision := {"allow": false, "rule": "role.not_granted"} if {
	is_well_formed
	is_account_granted
	count(granting) == 0
}

# Where several roles grant the same, the first by name is said to have decided.
decision := {"allow": true, "rule": min(granting)} if {
	is_well_formed
	is_account_granted
	count(granting) > 0
}

is_well_formed if {
	is_string(input.action)
	parts := split(input.action, ":")
	count(parts) == 2
	parts[0] != ""
	parts[1] in verbs
	is_array(input.roles)
	is_array(input.accounts)
	is_account_well_formed
}

is_account_well_formed if input.account == null

is_account_well_formed if {
	is_string(input.account)
	input.account != ""
}

is_account_granted if input.account == null

is_account_granted if input.account in input.accounts

is_account_granted if {
	is_string(input.account)
	"*" in input.accounts
}

granting contains "role.admin" if "admin" in input.roles

granting contains rule if {
	some role in input.roles
	split(input.action, ":")[1] in verbs_of[role]
	rule := concat(".", ["role", role])
}

granting contains rule if {
	some role in input.roles
	input.action in actions_of[role]
	rule := concat(".", ["role", role])
}
