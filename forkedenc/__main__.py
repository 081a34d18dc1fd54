"""``python -m forkedenc`` is the command ``forkedenc``."""

from forkedenc._cli import main

if __name__ == "__main__":
    main()
