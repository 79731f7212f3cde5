# What convert says about its own check: done, left out, too large; in JSON too.
m=$SOURCE/models/austen-3.7m
pare convert "$m" --to hf -o a | tail -1
pare convert "$m" --to hf --quant F16 -o b --json > out.json
sed -n '/"check"/,/}/p' out.json | grep '"done"\|"runner"\|"bound"\|"within"\|"tokens"' | tr -d ' ,' | sort
pare convert "$m" --to hf -o c --no-check | tail -1
pare convert "$m" --to gguf -o d.gguf --work-memory 30000000 | tail -1
PARE_RUNNER_DIR=$PWD pare convert "$m" --to gguf -o e.gguf | tail -1
