"""HTTP at the boundary: schemas with exact numbers, problem replies, sign-in."""
