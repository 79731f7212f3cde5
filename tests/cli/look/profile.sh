# what holds it up stands first; then phases, operators with bars, layers, threads
pare profile "$SOURCE/models/austen-3.7m" -n 8 --prompt-tokens 70 -t 1
