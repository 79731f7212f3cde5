# options that contradict each other
pare profile "$SOURCE/models/austen-3.7m" -p x --prompt-tokens 4
pare profile "$SOURCE/models/austen-3.7m" --trace-limit 1M
pare profile "$SOURCE/models/austen-3.7m" -n 5000
