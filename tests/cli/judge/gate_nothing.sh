mkdir out
pare gate out
