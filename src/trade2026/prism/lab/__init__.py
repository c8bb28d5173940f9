"""The laboratory: markets run to be measured, with and without interventions."""
