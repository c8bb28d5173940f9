# A policy of one's own for orders: an example to change. Whatever is in `refusals` refuses.
#
# Numbers come as exact texts; `to_number` reads them for comparing. A name that is not in the
# input makes its rule silent, so try a policy on a past day before it is put in force.
package trade2026.risk

import rego.v1

# No market orders by strategies that nobody watches.
refusals contains {
	"rule": "no_market_orders_by_night_bots",
	"message": "strategies whose name begins with night- send limit orders only",
	"asked": input.order.type,
	"limit": "LIMIT",
	"would_pass": "LIMIT",
} if {
	startswith(input.order.strategy, "night-")
	input.order.type == "MARKET"
}

# Two pairs of eyes on what is large; what only reduces is let through.
refusals contains {
	"rule": "large_orders_need_a_second",
	"message": "more than 100000 needs metadata.approved_by",
	"asked": input.order.opening_value,
	"limit": "100000",
} if {
	to_number(input.order.opening_value) > 100000
	not input.order.metadata.approved_by
}

# SOLUSDT is not held together with more than 5 ETHUSDT.
refusals contains {
	"rule": "sol_or_eth",
	"message": "no SOLUSDT while more than 5 ETHUSDT are held",
	"asked": sprintf("SOLUSDT with %s ETHUSDT", [input.positions.ETHUSDT]),
	"limit": "5",
} if {
	input.order.symbol == "SOLUSDT"
	to_number(input.order.opening_quantity) > 0
	to_number(input.positions.ETHUSDT) > 5
}
