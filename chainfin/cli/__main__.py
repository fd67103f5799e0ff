"""`python -m chainfin.cli`."""

from chainfin.cli.main import main

if __name__ == "__main__":
    main()
