# what was asked for is measured so, or not at all; what was not asked for fits and is said
pare bench "$SOURCE/models/austen-3.7m" -c 10 --rounds 2 | tail -n 1
pare bench "$SOURCE/models/austen-3.7m" -c 10 --prompt-tokens 1000
