"""`python -m trade2026` is the command `trade2026`: the supervisor starts its children so."""

from trade2026.cli.main import main

if __name__ == "__main__":
    main()
