"""`python train.py CONFIG.yaml ... [dotted.key=value ...]`; the same as `tumorcast train`."""

import sys

from tumorcast.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
