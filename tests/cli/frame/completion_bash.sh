command -v bash > /dev/null || { echo "lacks bash"; exit 77; }
pare completion bash > script
bash -n script || exit 1
cat > ask.bash <<'EOF'
. ./script
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pare; echo "${COMPREPLY[@]}"; }
ask pare comp
ask pare help vers
ask pare help --m
ask pare version --j
EOF
bash ask.bash
