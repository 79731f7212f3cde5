command -v zsh > /dev/null || { echo "lacks zsh"; exit 77; }
pare completion zsh > _pare && zsh -n _pare
