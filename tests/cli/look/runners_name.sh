# an unknown name prints the list
pare runners tensorrt
