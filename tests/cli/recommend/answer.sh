# the rule, two choices, who is passed over; a target goes before a purpose
pare recommend "$SOURCE/models/austen-3.7m" --target raspberry-pi-5 --purpose enterprise
# a purpose that leaves two equal: need and style decide
pare recommend "$SOURCE/models/austen-3.7m" --purpose cross-platform-multimodal --style enterprise --need mobile,real-time \
    --json | grep -E '"(id|framework|style|because)"'
