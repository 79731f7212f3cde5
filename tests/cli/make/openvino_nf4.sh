# NormalFloat is written, read, run (as floats), and taken over as it is by the same format.
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant nf4 -o m -q > /dev/null
pare convert m --to hf -o back -q > /dev/null
pare convert m --to openvino --quant nf4 -o n -q > /dev/null
pare assess n | sed -n 's/^ *\([0-9.]* MB in 28 tensors of type .*\)/\1/p'
pare parity native:m native:n -q | tail -1
pare parity native:m native:back --bound f16 -q | tail -1
