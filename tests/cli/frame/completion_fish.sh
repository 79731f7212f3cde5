command -v fish > /dev/null || { echo "lacks fish"; exit 77; }
pare completion fish > pare.fish && fish -n pare.fish
